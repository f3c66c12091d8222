"""Event kinds about the device itself (the structs are the protocol)."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal

import msgspec

from apps.core import clock
from apps.devices import services
from apps.devices.addresses import SWITCH, permitted_address, permitted_addresses
from apps.devices.choices import BootType
from apps.devices.metrics import CONNECTIVITY, PERFORMANCE
from apps.devices.models import (
    Boot,
    ConnectivityDaily,
    ConnectivitySample,
    DeviceChange,
    HardReset,
    PerformanceDaily,
    PerformanceSample,
    Sleep,
    SystemCrash,
)
from apps.devices.versions import version_key
from apps.events.encoding import Row
from apps.events.kinds import Amount, PunctualKind, SampledKind, register
from apps.events.policy import Policy

CONNECTIVITY_SECONDS = 300  # of a bucket

Word = Annotated[str, msgspec.Meta(max_length=255)]
Address = Annotated[str, msgspec.Meta(max_length=64)]
# A symbol such as CRITICAL_PROCESS_DIED: no sentence, which might name somebody.
Symbol = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9_.:+-]{1,64}\Z")]
ErrorCode = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]


class BootFields(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The `fields` of a boot, as a collector sends them; kind and time are the record's."""

    type: Literal["full_boot", "fast_startup", "hibernate_resume"] = "full_boot"
    duration_ms: Amount | None = None  # power-on to login screen
    is_update_boot: bool | None = None


class SleepFields(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The `fields` of a sleep, whose time is the suspend."""

    duration_ms: Amount | None = None


class SystemCrashFields(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The `fields` of a system crash; the hexadecimal code is made here."""

    error_code: ErrorCode | None = None
    error_code_hexadecimal: None = None
    label: Symbol | None = None

    def __post_init__(self) -> None:
        if self.error_code is not None:
            text: Any = f"0x{self.error_code:08X}"
            msgspec.structs.force_setattr(self, "error_code_hexadecimal", text)


class PerformanceFields(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Plain fields of a performance bucket."""

    number_of_logical_processors: Annotated[int, msgspec.Meta(ge=1, le=100_000)] | None = None
    installed_memory_bytes: Amount | None = None


class ConnectivityFields(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Plain fields of a network bucket."""

    primary_physical_adapter_type: (
        Literal["wifi", "ethernet", "cellular", "bluetooth", "other"] | None
    ) = None
    primary_physical_adapter_name: Word | None = None
    primary_physical_adapter_driver_version: Word | None = None
    primary_physical_adapter_driver_version_key: None = None  # made here, it sorts versions
    wifi_band: Literal["2.4 GHz", "5 GHz", "6 GHz"] | None = None
    wifi_channel: Annotated[int, msgspec.Meta(ge=1, le=1_000)] | None = None
    wifi_ssid: Annotated[str, msgspec.Meta(max_length=64)] | None = None
    wifi_bssid: Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{2}(:[0-9a-f]{2}){5}\Z")] | None = (
        None
    )
    local_ip: Address | None = None
    gateway_ip: Address | None = None
    dns_ips: Annotated[list[Address], msgspec.Meta(max_length=16)] | None = None
    vpn_status: Literal["connected", "disconnected", "unknown"] | None = None
    vpn_name: Word | None = None

    def __post_init__(self) -> None:
        if self.primary_physical_adapter_driver_version:
            key: Any = version_key(self.primary_physical_adapter_driver_version)
            msgspec.structs.force_setattr(self, "primary_physical_adapter_driver_version_key", key)


def remember_last_network(device_id: int, rows: Sequence[Row], policy: Policy) -> None:
    """Bring the network that the device was in last forward.

    Its address tells where people are: outside work hours that of the last ones stays.
    """
    buckets = {row.time for row in rows}
    at_work = {bucket for bucket in buckets if policy.covers(bucket, CONNECTIVITY_SECONDS)}
    services.remember_network(
        device_id=device_id,
        bucket=max(buckets),
        addressed=max(at_work, default=None),
        keeps_address=not at_work and policy.allows(SWITCH),
        now=clock.now(),
    )


def remember_last_boot(device_id: int, rows: Sequence[Row], _policy: Policy) -> None:
    """Bring the device's last full boot forward."""
    full = [row for row in rows if row.record.fields.type == BootType.FULL_BOOT]
    if full:
        last = max(full, key=lambda row: row.time)
        services.remember_boot(
            device_id=device_id, occurred_at=last.time, duration_ms=last.record.fields.duration_ms
        )


register(
    PunctualKind(
        name="device_performance.boots",
        fields=BootFields,
        model=Boot,
        on_stored=remember_last_boot,
    )
)
register(
    SampledKind(
        name="device_performance.events",
        model=PerformanceSample,
        daily_model=PerformanceDaily,
        bucket_seconds=300,  # a constant of the protocol, not a setting
        fields=PerformanceFields,
        metrics=PERFORMANCE,
    )
)
register(PunctualKind(name="device_performance.sleeps", fields=SleepFields, model=Sleep))
register(
    PunctualKind(
        name="device_performance.system_crashes", fields=SystemCrashFields, model=SystemCrash
    )
)
register(PunctualKind(name="device_performance.hard_resets", model=HardReset))
register(
    SampledKind(
        name="connectivity.events",
        model=ConnectivitySample,
        daily_model=ConnectivityDaily,
        bucket_seconds=CONNECTIVITY_SECONDS,
        fields=ConnectivityFields,
        metrics=CONNECTIVITY,
        on_stored=remember_last_network,
        # Addresses leave the key of a day, whose row holds the last ones.
        key_fields=("primary_physical_adapter_type", "wifi_ssid", "vpn_status"),
        field_switches={
            "wifi_ssid": "wifi_identifiers",
            "wifi_bssid": "wifi_identifiers",
            "vpn_status": "vpn_status",
            "vpn_name": "vpn_status",
        },
        permitted={
            "local_ip": (SWITCH, permitted_address),
            "gateway_ip": (SWITCH, permitted_address),
            "dns_ips": (SWITCH, permitted_addresses),
        },
        work_hours_fields=("wifi_ssid", "wifi_bssid", "local_ip", "gateway_ip", "dns_ips"),
    )
)
register(PunctualKind(name="device.changes", model=DeviceChange, is_derived=True))
