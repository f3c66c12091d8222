"""The admin console's site, in the design of Unfold."""

from django.utils.translation import gettext_lazy as _
from unfold.sites import UnfoldAdminSite


class DexAdminSite(UnfoldAdminSite):
    """Everything an administrator does happens on this site."""

    site_title = _("dex")
    site_header = _("dex")
    index_title = _("Overview")
