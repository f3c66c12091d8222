"""The admin console's site, in the design of Unfold."""

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _
from unfold.sites import UnfoldAdminSite


class DexAdminSite(UnfoldAdminSite):
    """Everything an administrator does happens on this site."""

    site_title = _("dex")
    site_header = _("dex")
    index_title = _("Overview")

    def autocomplete_view(self, request: HttpRequest) -> HttpResponse:
        """Complete names within the caller's scope."""
        from apps.core.admin.autocomplete import ScopedAutocompleteView  # needs the models

        return ScopedAutocompleteView.as_view(admin_site=self)(request)
