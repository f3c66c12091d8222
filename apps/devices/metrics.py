"""Metrics of device performance and connectivity (data-model.md 3.1, 3.3)."""

from django.utils.translation import gettext_lazy as _

from apps.core.personal_data import NONE
from apps.events.metrics import Counter, Gauge, Metric

PERFORMANCE: dict[str, Metric] = {
    "cpu_usage_ratio": Gauge(
        _("Sum over logical processors; 1.0 is one of them in full."),
        NONE,
        is_float=True,
        title=_("CPU usage"),
    ),
    "normalized_cpu_usage_ratio": Gauge(
        _("Share of all processors, 0 to 1."), NONE, is_float=True, title=_("Normalized CPU usage")
    ),
    "cpu_queue_length": Gauge(
        _("Threads waiting for a processor."), NONE, is_float=True, title=_("CPU queue length")
    ),
    "cpu_duration_with_high_usage_ms": Counter(
        _("Time at or above 80 % of all processors."), NONE, title=_("CPU duration with high usage")
    ),
    "cpu_frequency_ratio": Gauge(
        _("Current to nominal clock."), NONE, is_float=True, title=_("CPU frequency")
    ),
    "cpu_dpc_usage_ratio": Gauge(
        _("Deferred procedure calls (Windows)."), NONE, is_float=True, title=_("CPU DPC usage")
    ),
    "cpu_some_pressure_ratio": Gauge(
        _("Share of time some task waited for a processor."),
        NONE,
        is_float=True,
        title=_("CPU some pressure"),
    ),
    "memory_some_pressure_ratio": Gauge(
        _("Share of time some task waited for memory."),
        NONE,
        is_float=True,
        title=_("Memory some pressure"),
    ),
    "disk_some_pressure_ratio": Gauge(
        _("Share of time some task waited for a disk."),
        NONE,
        is_float=True,
        title=_("Disk some pressure"),
    ),
    "used_memory_bytes": Gauge(_("Memory in use."), NONE, title=_("Used memory")),
    "free_memory_bytes": Gauge(
        _("Memory available without swapping."), NONE, title=_("Free memory")
    ),
    "memory_pressure_ratio": Gauge(
        _("Level of macOS, or committed to limit."), NONE, is_float=True, title=_("Memory pressure")
    ),
    "memory_swap_rate_bytes_per_s": Gauge(
        _("Swapped in and out, bytes per second."), NONE, is_float=True, title=_("Memory swap rate")
    ),
    "duration_with_high_memory_pressure_ms": Counter(
        _("Time under high memory pressure."), NONE, title=_("Duration with high memory pressure")
    ),
    "duration_with_medium_memory_pressure_ms": Counter(
        _("Time under medium memory pressure."),
        NONE,
        title=_("Duration with medium memory pressure"),
    ),
    "system_drive_free_space_bytes": Gauge(
        _("Free on the system's drive."), NONE, title=_("System drive free space")
    ),
    "system_drive_usage_bytes": Gauge(
        _("Used on the system's drive."), NONE, title=_("System drive usage")
    ),
    "system_drive_capacity_bytes": Gauge(
        _("Size of the system's drive."), NONE, title=_("System drive capacity")
    ),
    "non_system_drive_free_space_bytes": Gauge(
        _("Free on the other fixed drives."), NONE, title=_("Non system drive free space")
    ),
    "non_system_drive_usage_bytes": Gauge(
        _("Used on the other fixed drives."), NONE, title=_("Non system drive usage")
    ),
    "non_system_drive_capacity_bytes": Gauge(
        _("Size of the other fixed drives."), NONE, title=_("Non system drive capacity")
    ),
    "disk_read_latency_ms": Gauge(
        _("Per read operation."), NONE, is_float=True, title=_("Disk read latency")
    ),
    "disk_write_latency_ms": Gauge(
        _("Per write operation."), NONE, is_float=True, title=_("Disk write latency")
    ),
    "disk_queue_length": Gauge(
        _("Operations waiting or under way."), NONE, is_float=True, title=_("Disk queue length")
    ),
    "disk_read_operations_per_s": Gauge(
        _("Read operations per second."), NONE, is_float=True, title=_("Disk read operations")
    ),
    "disk_write_operations_per_s": Gauge(
        _("Write operations per second."), NONE, is_float=True, title=_("Disk write operations")
    ),
    "disk_read_throughput_bytes_per_s": Gauge(
        _("Read, bytes per second."), NONE, is_float=True, title=_("Disk read throughput")
    ),
    "disk_write_throughput_bytes_per_s": Gauge(
        _("Written, bytes per second."), NONE, is_float=True, title=_("Disk write throughput")
    ),
    "gpu_usage_ratio": Gauge(
        _("Usage of the busiest engine."), NONE, is_float=True, title=_("GPU usage")
    ),
    "gpu_used_memory_bytes": Gauge(
        _("Memory of the graphics processor in use."), NONE, title=_("GPU used memory")
    ),
    "battery_level_ratio": Gauge(
        _("Charge, 0 to 1."), NONE, is_float=True, title=_("Battery level")
    ),
    "battery_duration_on_battery_ms": Counter(
        _("Time on battery."), NONE, title=_("Battery duration on battery")
    ),
    "uptime_ms": Gauge(_("Since the last full boot."), NONE, is_float=True, title=_("Uptime")),
}

CONNECTIVITY: dict[str, Metric] = {
    "wifi_signal_strength_dbm": Gauge(
        _("Strength of the Wi-Fi signal."),
        NONE,
        is_float=True,
        is_signed=True,
        title=_("Wi-Fi signal strength"),
    ),
    "wifi_noise_level_dbm": Gauge(
        _("Noise beside the Wi-Fi signal."),
        NONE,
        is_float=True,
        is_signed=True,
        title=_("Wi-Fi noise level"),
    ),
    "wifi_receive_rate_bps": Gauge(
        _("Rate of the Wi-Fi link, receiving."), NONE, title=_("Wi-Fi receive rate")
    ),
    "wifi_transmission_rate_bps": Gauge(
        _("Rate of the Wi-Fi link, sending."), NONE, title=_("Wi-Fi transmission rate")
    ),
    "connected_duration_ms": Counter(
        _("Time with a default route."), NONE, title=_("Connected duration")
    ),
    "disconnected_duration_ms": Counter(
        _("Time without a default route."), NONE, title=_("Disconnected duration")
    ),
    "gateway_latency_ms": Gauge(
        _("Answer of the device's own gateway."), NONE, is_float=True, title=_("Gateway latency")
    ),
    "dns_latency_ms": Gauge(
        _("Answer of a DNS server."), NONE, is_float=True, title=_("DNS latency")
    ),
}
