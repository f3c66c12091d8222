"""Parts `hardware` and `monitors`: what the machine is built of."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Literal

import msgspec

from apps.devices import services
from apps.devices.models import Battery, Cpu, Display, Gpu, MemoryModule
from apps.devices.permitted import Number, ShortText, Text, version_columns
from apps.events.inventory import Part, register
from apps.events.kinds import Amount, FloatAmount
from apps.events.policy import Policy

HEALTH_MOST = 2.0  # new batteries hold some more than they should
FEW = msgspec.Meta(max_length=256)  # items of one list
SERIALS = ("bios_serial_number", "chassis_serial_number", "machine_serial_number")


class CpuItem(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One processor."""

    name: Text | None = None
    frequency_mhz: Number | None = None
    number_of_cores: Number | None = None
    number_of_logical_processors: Number | None = None


class GpuItem(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One graphics processor."""

    name: Text | None = None
    memory_bytes: Amount | None = None
    driver_version: Text | None = None


class MemoryModuleItem(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One memory module."""

    slot: Text | None = None
    type: ShortText | None = None
    size_bytes: Amount | None = None
    speed_mhz: Number | None = None


class BatteryItem(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One battery; capacities in Wh."""

    name: Text | None = None
    manufacturer: Text | None = None
    design_capacity: FloatAmount | None = None
    full_capacity: FloatAmount | None = None
    cycle_count: Number | None = None


class DisplayItem(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One item of part `monitors`; diagonal in inches."""

    name: Text | None = None
    manufacturer: Text | None = None
    resolution: Annotated[str, msgspec.Meta(pattern=r"^[0-9]{1,5}x[0-9]{1,5}\Z")] | None = None
    diagonal: FloatAmount | None = None
    serial_number: Text | None = None


class Hardware(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Part `hardware`, with the lists that belong to it."""

    type: Literal["desktop", "laptop", "virtual", "server"] | None = None
    manufacturer: Text | None = None
    model: Text | None = None
    product_line: Text | None = None
    product_version: Text | None = None
    bios_serial_number: Text | None = None
    chassis_serial_number: Text | None = None
    machine_serial_number: Text | None = None
    memory_bytes: Amount | None = None
    firmware_version: Text | None = None
    tpm_version: ShortText | None = None
    secure_boot_enabled: bool | None = None
    cpus: Annotated[list[CpuItem], FEW] = []
    gpus: Annotated[list[GpuItem], FEW] = []
    memory_modules: Annotated[list[MemoryModuleItem], FEW] = []
    batteries: Annotated[list[BatteryItem], FEW] = []


def apply_hardware(*, device_id: int, state: Hardware, policy: Policy, now: datetime) -> None:
    """Write what the machine is made of, and replace its lists."""
    report = services.Report(device_id=device_id, part="hardware", policy=policy, now=now)
    report.write_facts(_facts(state))
    report.write_list(
        Cpu,
        [
            {
                "name": item.name or "",
                "frequency_mhz": item.frequency_mhz,
                "number_of_cores": item.number_of_cores,
                "number_of_logical_processors": item.number_of_logical_processors,
            }
            for item in state.cpus
        ],
    )
    report.write_list(
        Gpu,
        [
            {
                "name": item.name or "",
                "memory_bytes": item.memory_bytes,
                **version_columns("driver_version", item.driver_version),
            }
            for item in state.gpus
        ],
    )
    report.write_list(
        MemoryModule,
        [
            {
                "slot": item.slot or "",
                "type": item.type or "",
                "size_bytes": item.size_bytes,
                "speed_mhz": item.speed_mhz,
            }
            for item in state.memory_modules
        ],
    )
    report.write_list(
        Battery,
        [
            {
                "name": item.name or "",
                "manufacturer": item.manufacturer or "",
                "design_capacity": item.design_capacity,
                "full_capacity": item.full_capacity,
                "cycle_count": item.cycle_count,
            }
            for item in state.batteries
        ],
    )


def _facts(state: Hardware) -> dict[str, object]:
    texts = ["type", "manufacturer", "model", "product_line", "product_version", *SERIALS]
    return {
        **{f"hardware_{name}": getattr(state, name) or "" for name in texts},
        **version_columns("hardware_firmware_version", state.firmware_version),
        **version_columns("hardware_tpm_version", state.tpm_version),
        "hardware_memory_bytes": state.memory_bytes,
        "hardware_secure_boot_enabled": state.secure_boot_enabled,
        "battery_health_ratio": battery_health(state.batteries),
        "battery_cycle_count": max(
            (item.cycle_count for item in state.batteries if item.cycle_count is not None),
            default=None,
        ),
    }


def battery_health(batteries: Sequence[BatteryItem]) -> float | None:
    """Return full charge to design capacity over all batteries, None where none tells both."""
    told = [
        (item.full_capacity, item.design_capacity)
        for item in batteries
        if item.full_capacity is not None and item.design_capacity
    ]
    if not told:
        return None
    health = sum(full for full, _ in told) / sum(new for _, new in told)
    return health if health <= HEALTH_MOST else None  # else a capacity is no measure


def apply_monitors(
    *, device_id: int, state: Sequence[DisplayItem], policy: Policy, now: datetime
) -> None:
    """Replace the device's monitors."""
    services.Report(device_id=device_id, part="monitors", policy=policy, now=now).write_list(
        Display,
        [
            {
                "name": item.name or "",
                "manufacturer": item.manufacturer or "",
                "resolution": item.resolution or "",
                "diagonal": item.diagonal,
                "serial_number": item.serial_number or "",
            }
            for item in state
        ],
    )


register(
    Part(
        name="hardware",
        struct=Hardware,
        apply=apply_hardware,
        is_list=False,
        field_switches=dict.fromkeys(SERIALS, "serial_numbers"),
    )
)
register(
    Part(
        name="monitors",
        struct=DisplayItem,
        apply=apply_monitors,
        is_list=True,
        field_switches={"serial_number": "serial_numbers"},
    )
)
