"""Binaries: programs that ran, what they used and how they behaved."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class BinariesConfig(AppConfig):
    """Application `binaries`."""

    name = "apps.binaries"
    verbose_name = _("Binaries")

    def ready(self) -> None:
        from apps.binaries import (  # noqa: F401
            custom,
            events,
            inventory,
            narrowing,
            nql,
            panels,
            personal_data,
        )
        from apps.binaries.models import Presence, StalePresence
        from apps.organization import uses

        uses.is_counted_anew(Presence, StalePresence)
