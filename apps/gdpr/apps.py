"""Retention, and the inventory of what is held about people."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class GdprConfig(AppConfig):
    """Application `gdpr`."""

    name = "apps.gdpr"
    verbose_name = _("Data protection")

    def ready(self) -> None:
        from apps.gdpr import approvals, folds, personal_data, shipping, terms  # noqa: F401
        from apps.gdpr.services import ageing  # noqa: F401
