"""Start of the app."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AuditConfig(AppConfig):
    """Who did what, append-only."""

    name = "apps.audit"
    label = "audit"
    verbose_name = _("Audit")

    def ready(self) -> None:
        """Fill the registries."""
        from apps.audit import approvals, health, personal_data  # noqa: F401
