"""What the list of devices is narrowed by: what an administrator looks after."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from apps.core import clock
from apps.devices.querysets import DeviceQuerySet

Narrow = Callable[[DeviceQuerySet], DeviceQuerySet]


class SeenFilter(admin.SimpleListFilter):
    """When a device last reported."""

    title = _("last data")
    parameter_name = "seen"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Offer spans of time."""
        return [
            ("1h", _("Within an hour")),
            ("24h", _("Within 24 hours")),
            ("7d", _("Within 7 days")),
            ("silent", _("Silent for over 7 days")),
        ]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        """Keep the devices of the chosen span."""
        now = clock.now()
        spans = {"1h": timedelta(hours=1), "24h": timedelta(days=1), "7d": timedelta(days=7)}
        if self.value() == "silent":
            return queryset.silent_since(now - spans["7d"])
        if self.value() in spans:
            return queryset.filter(last_seen_at__gte=now - spans[str(self.value())])
        return queryset


class AttentionFilter(admin.SimpleListFilter):
    """What is wrong with a device."""

    title = _("needs attention")
    parameter_name = "attention"

    reasons: dict[str, tuple[str | Promise, Narrow]] = {
        "restart": (_("Restart pending"), lambda devices: devices.waiting_for_restart()),
        "disk": (_("System drive nearly full"), lambda devices: devices.nearly_full()),
        "encryption": (_("System drive not encrypted"), lambda devices: devices.unencrypted()),
        "antivirus": (_("Antivirus off"), lambda devices: devices.without_antivirus()),
        "firewall": (_("Firewall off"), lambda devices: devices.without_firewall()),
        "failing": (_("Disk failing"), lambda devices: devices.with_failing_disk()),
        "battery": (_("Battery worn"), lambda devices: devices.with_worn_battery()),
        "boot": (_("Not restarted for 30 days"), lambda devices: devices.running_long(clock.now())),
    }

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Offer the reasons."""
        return [(name, title) for name, (title, _narrow) in self.reasons.items()]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        """Keep the devices that need attention for the chosen reason."""
        reason = self.reasons.get(str(self.value()))
        return reason[1](queryset) if reason else queryset
