"""The admin console's site, in the design of Unfold."""

from typing import Any

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from unfold.sites import UnfoldAdminSite


class DexAdminSite(UnfoldAdminSite):
    """Everything an administrator does happens on this site."""

    site_title = _("dex")
    site_header = _("dex")
    index_title = _("Overview")
    index_template = "admin/dex/home.html"

    def index(self, request: HttpRequest, extra_context: Any = None) -> TemplateResponse:
        """Show how the fleet is, and what to do first; record which devices it named."""
        from apps.core.admin import reads  # needs the models
        from apps.core.admin.detail import visit_of
        from dex import home

        visit = visit_of(request)  # type: ignore[arg-type]
        found = home.context(visit)
        reads.record(request, reads.of_part(("home", ""), visit.seen))
        return super().index(request, {**found, **(extra_context or {})})

    def password_change(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponseBase:
        """Change one's own password by the service, which audits it and ends other sessions."""
        from django.contrib.auth.views import PasswordChangeView

        from apps.accounts.forms import OwnPasswordForm  # needs the models

        request.current_app = self.name  # type: ignore[attr-defined]
        view = PasswordChangeView.as_view(
            form_class=OwnPasswordForm,
            success_url=reverse(f"{self.name}:password_change_done", current_app=self.name),
            extra_context={**self.each_context(request), **(extra_context or {})},
        )
        return view(request)

    def autocomplete_view(self, request: HttpRequest) -> HttpResponseBase:
        """Complete names within the caller's scope."""
        from apps.core.admin.autocomplete import ScopedAutocompleteView  # needs the models

        return ScopedAutocompleteView.as_view(admin_site=self)(request)
