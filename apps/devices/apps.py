"""Devices: what they are, how they start and how they perform."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class DevicesConfig(AppConfig):
    """Application `devices`."""

    name = "apps.devices"
    verbose_name = _("Devices")

    def ready(self) -> None:
        from apps.devices import (  # noqa: F401
            custom,
            events,
            fleet,
            inventory,
            nql,
            personal_data,
            ruled_fields,
            site_runs,
        )
        from apps.devices.models import Context, FleetNow
        from apps.nql import reader
        from apps.organization import uses

        reader.may_read(Context)
        uses.tells_of_past(Context)
        uses.is_counted_anew(FleetNow)
