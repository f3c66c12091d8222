"""Performance and networks of devices, by buckets and by days."""

from typing import Any

from django.contrib import admin
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from apps.core.admin.detail import Visit
from apps.core.admin.values import Fact
from apps.core.formats import NOTHING, bytes_text, duration_text, ratio_text
from apps.devices.admin.base import DeviceEventAdmin
from apps.devices.facts import mean, measure_text
from apps.devices.metrics import CONNECTIVITY, PERFORMANCE
from apps.devices.models import (
    ConnectivityDaily,
    ConnectivitySample,
    PerformanceDaily,
    PerformanceSample,
)

NO_DAY = _(
    "No day was rolled up in this time. A day is summed up an hour after it ends; choose a "
    "longer time."
)


class _PerformanceAdmin(DeviceEventAdmin):
    """What samples and days show alike."""

    list_display = ["processor", "used_memory", "read_latency", "write_latency", "system_drive"]
    metrics = PERFORMANCE

    @display(description=_("Processor"))
    def processor(self, row: Any) -> str:
        """Return the share of all processors in use, on average."""
        return ratio_text(mean(row, "normalized_cpu_usage_ratio"))

    @display(description=_("Memory in use"))
    def used_memory(self, row: Any) -> str:
        """Return the memory in use, on average."""
        return bytes_text(mean(row, "used_memory_bytes"))

    @display(description=_("Read latency"))
    def read_latency(self, row: Any) -> str:
        """Return the latency of a read, on average."""
        return measure_text("_ms", mean(row, "disk_read_latency_ms"))

    @display(description=_("Write latency"))
    def write_latency(self, row: Any) -> str:
        """Return the latency of a write, on average."""
        return measure_text("_ms", mean(row, "disk_write_latency_ms"))

    @display(description=_("Free on the system's drive"))
    def system_drive(self, row: Any) -> str:
        """Return the free space, on average."""
        return bytes_text(mean(row, "system_drive_free_space_bytes"))


@admin.register(PerformanceSample)
class PerformanceSampleAdmin(_PerformanceAdmin):
    """Buckets of 5 minutes."""


@admin.register(PerformanceDaily)
class PerformanceDailyAdmin(_PerformanceAdmin):
    """Days, derived from the buckets."""

    default_window = "7d"
    is_daily = True
    empty_text = NO_DAY


class _ConnectivityAdmin(DeviceEventAdmin):
    """What samples and days show alike."""

    list_display = ["adapter", "signal", "link_rate", "gateway", "connected", "vpn"]
    metrics = CONNECTIVITY
    addresses = ("wifi_ssid", "wifi_bssid", "local_ip", "gateway_ip", "dns_ips", "vpn_name")

    @display(description=_("Adapter"))
    def adapter(self, row: Any) -> str:
        """Return which adapter carried the default route."""
        return row.get_primary_physical_adapter_type_display() or NOTHING

    @display(description=_("Wi-Fi signal"))
    def signal(self, row: Any) -> str:
        """Return the signal, on average."""
        return measure_text("_dbm", mean(row, "wifi_signal_strength_dbm"))

    @display(description=_("Wi-Fi receive rate"))
    def link_rate(self, row: Any) -> str:
        """Return the rate of the link, on average."""
        return measure_text("_bps", mean(row, "wifi_receive_rate_bps"))

    @display(description=_("Gateway latency"))
    def gateway(self, row: Any) -> str:
        """Return how fast the gateway answered, on average."""
        return measure_text("_ms", mean(row, "gateway_latency_ms"))

    @display(description=_("Connected"))
    def connected(self, row: Any) -> str:
        """Return how long there was a default route."""
        return duration_text(row.connected_duration_ms_sum)

    @display(description=_("VPN"))
    def vpn(self, row: Any) -> str:
        """Return whether a VPN was up."""
        return row.get_vpn_status_display() or NOTHING

    def facts(self, obj: Any, visit: Visit) -> list[Fact]:
        """Add names and addresses, as far as the caller may see them."""
        shown = [
            Fact(obj._meta.get_field(name).verbose_name, address_text(obj, name, visit))
            for name in self.addresses
        ]
        return [
            *super().facts(obj, visit),
            Fact(_("Driver"), obj.primary_physical_adapter_driver_version),
            Fact(_("Band"), obj.wifi_band),
            Fact(_("Channel"), obj.wifi_channel),
            *shown,
        ]


def address_text(row: Any, name: str, visit: Visit) -> str:
    """Return an address, several in one line; what the caller may not see is masked."""
    value = visit.scope.show(row, name)
    return ", ".join(value) if isinstance(value, list) else value or ""


@admin.register(ConnectivitySample)
class ConnectivitySampleAdmin(_ConnectivityAdmin):
    """Buckets of 5 minutes."""


@admin.register(ConnectivityDaily)
class ConnectivityDailyAdmin(_ConnectivityAdmin):
    """Days, derived from the buckets."""

    default_window = "7d"
    is_daily = True
    empty_text = NO_DAY
