"""The events of devices (data-model.md 3)."""

from collections.abc import Sequence

from django.db import models

from apps.devices.choices import (
    AdapterType,
    BootType,
    ChangeProperty,
    VpnStatus,
)
from apps.devices.models import (
    Boot,
    ConnectivitySample,
    DeviceChange,
    HardReset,
    PerformanceSample,
    Sleep,
    SystemCrash,
)
from apps.devices.nql.objects import DEVICE
from apps.nql.catalog import Field, Table, register

register(
    Table(
        name="device_performance.boots",
        model=Boot,
        kind="punctual",
        record="boot",
        permission="devices.view_boot",
        links=[DEVICE],
        fields=[
            Field("time", "datetime", column="occurred_at", is_default=True),
            Field("type", "enum", values=BootType.values, is_default=True),
            Field("duration", "duration", is_default=True),
            Field("number_of_boots", "int"),
            Field("is_update_boot", "bool"),
        ],
    )
)
register(
    Table(
        name="device_performance.events",
        model=PerformanceSample,
        kind="sampled",
        record="event",
        permission="devices.view_performancesample",
        links=[DEVICE],
        fields=[
            Field("start_time", "datetime", column="bucket", is_default=True),
            Field("cpu_usage", "percent", metric="gauge"),
            Field("normalized_cpu_usage", "percent", metric="gauge", is_default=True),
            Field("cpu_queue_length", "float", metric="gauge"),
            Field("cpu.duration_with_high_usage", "duration", metric="counter"),
            Field("cpu.frequency_ratio", "ratio", column="cpu_frequency_ratio", metric="gauge"),
            Field("cpu.dpc_usage", "percent", metric="gauge"),
            # As columns these three would collide with `memory_pressure`.
            Field("cpu.pressure", "percent", column="cpu_some_pressure_ratio", metric="gauge"),
            Field(
                "memory.pressure", "percent", column="memory_some_pressure_ratio", metric="gauge"
            ),
            Field("disk.pressure", "percent", column="disk_some_pressure_ratio", metric="gauge"),
            Field("number_of_logical_processors", "int"),
            Field("used_memory", "bytes", metric="gauge", is_default=True),
            Field("free_memory", "bytes", metric="gauge", is_default=True),
            Field("installed_memory", "bytes"),
            Field("memory_pressure", "percent", metric="gauge"),
            Field(
                "memory_swap_rate", "float", column="memory_swap_rate_bytes_per_s", metric="gauge"
            ),
            Field("duration_with_high_memory_pressure", "duration", metric="counter"),
            Field("duration_with_medium_memory_pressure", "duration", metric="counter"),
            Field("system_drive_free_space", "bytes", metric="gauge"),
            Field("system_drive_usage", "bytes", metric="gauge"),
            Field("system_drive_capacity", "bytes", metric="gauge"),
            Field("non_system_drive_free_space", "bytes", metric="gauge"),
            Field("non_system_drive_usage", "bytes", metric="gauge"),
            Field("non_system_drive_capacity", "bytes", metric="gauge"),
            Field("disk.read_latency", "duration", metric="gauge"),
            Field("disk.write_latency", "duration", metric="gauge"),
            Field("disk.queue_length", "float", metric="gauge"),
            Field(
                "disk.read_operations", "float", column="disk_read_operations_per_s", metric="gauge"
            ),
            Field(
                "disk.write_operations",
                "float",
                column="disk_write_operations_per_s",
                metric="gauge",
            ),
            Field(
                "disk.read_throughput",
                "float",
                column="disk_read_throughput_bytes_per_s",
                metric="gauge",
            ),
            Field(
                "disk.write_throughput",
                "float",
                column="disk_write_throughput_bytes_per_s",
                metric="gauge",
            ),
            Field("gpu.usage", "percent", metric="gauge"),
            Field("gpu.used_memory", "bytes", metric="gauge"),
            Field("battery.level", "percent", metric="gauge"),
            Field("battery.duration_on_battery", "duration", metric="counter"),
            Field("uptime", "duration", metric="gauge"),
        ],
    )
)


def _offer_stops(
    name: str, model: type[models.Model], record: str, fields: Sequence[Field]
) -> None:
    """Offer one of the ways in which a device stops."""
    register(
        Table(
            name=f"device_performance.{name}",
            model=model,
            kind="punctual",
            record=record,
            permission=f"devices.view_{model._meta.model_name}",
            links=[DEVICE],
            fields=[Field("time", "datetime", column="occurred_at", is_default=True), *fields],
        )
    )


_offer_stops(
    "sleeps",
    Sleep,
    "sleep",
    [Field("duration", "duration", is_default=True), Field("number_of_sleeps", "int")],
)
_offer_stops(
    "system_crashes",
    SystemCrash,
    "system_crash",
    [
        Field("error_code", "int", is_default=True),
        Field("error_code_hexadecimal", "string", is_default=True),
        Field("label", "string", is_default=True),
        Field("number_of_system_crashes", "int"),
    ],
)
_offer_stops("hard_resets", HardReset, "hard_reset", [Field("number_of_hard_resets", "int")])
register(
    Table(
        name="connectivity.events",
        model=ConnectivitySample,
        kind="sampled",
        record="event",
        permission="devices.view_connectivitysample",
        links=[DEVICE],
        fields=[
            Field("start_time", "datetime", column="bucket", is_default=True),
            Field(
                "primary_physical_adapter.type",
                "enum",
                values=AdapterType.values,
                is_default=True,
            ),
            Field("primary_physical_adapter.name", "string"),
            Field("primary_physical_adapter.driver_version", "version"),
            Field("wifi.signal_strength", "signal", metric="gauge", is_default=True),
            Field("wifi.noise_level", "signal", metric="gauge"),
            Field("wifi.receive_rate", "bit rate", metric="gauge"),
            Field("wifi.transmission_rate", "bit rate", metric="gauge"),
            Field("wifi.band", "string"),
            Field("wifi.channel", "int"),
            Field("wifi.ssid", "string"),
            Field("wifi.bssid", "string"),
            Field("local_ip", "ip"),
            Field("gateway_ip", "ip"),
            Field("dns_ips", "ip array"),
            Field("vpn.status", "enum", values=VpnStatus.values),
            Field("vpn.name", "string"),
            Field("connected_duration", "duration", metric="counter"),
            Field("disconnected_duration", "duration", metric="counter"),
            Field("gateway_latency", "duration", metric="gauge"),
            Field("dns_latency", "duration", metric="gauge"),
        ],
    )
)
register(
    Table(
        name="device.changes",
        model=DeviceChange,
        kind="punctual",
        record="change",
        permission="devices.view_devicechange",
        links=[DEVICE],
        fields=[
            Field("time", "datetime", column="occurred_at", is_default=True),
            Field("property", "enum", values=ChangeProperty.values, is_default=True),
            Field("item", "string", is_default=True),
            Field("old_value", "string", is_default=True),
            Field("new_value", "string", is_default=True),
            Field("number_of_changes", "int"),
        ],
    )
)
