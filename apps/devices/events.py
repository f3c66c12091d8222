"""Event kinds about the device itself (the structs are the protocol)."""

from collections.abc import Sequence
from typing import Annotated, Literal

import msgspec

from apps.devices import services
from apps.devices.choices import BootType
from apps.devices.metrics import PERFORMANCE
from apps.devices.models import Boot, PerformanceDaily, PerformanceSample
from apps.events.encoding import Row
from apps.events.kinds import Amount, PunctualKind, SampledKind, register


class BootFields(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The `fields` of a boot, as a collector sends them; kind and time are the record's."""

    type: Literal["full_boot", "fast_startup", "hibernate_resume"] = "full_boot"
    duration_ms: Amount | None = None  # power-on to login screen
    is_update_boot: bool | None = None


class PerformanceFields(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Plain fields of a performance bucket."""

    number_of_logical_processors: Annotated[int, msgspec.Meta(ge=1, le=100_000)] | None = None
    installed_memory_bytes: Amount | None = None


def remember_last_boot(device_id: int, rows: Sequence[Row]) -> None:
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
