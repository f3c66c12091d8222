"""Inventory parts about the device itself (the structs are the protocol)."""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Literal

import msgspec

from apps.devices import services
from apps.devices.choices import Architecture, DiskHealth, DiskType
from apps.devices.models import Disk, Volume
from apps.devices.versions import version_key
from apps.events.inventory import Part, register
from apps.events.kinds import Amount, Instant
from apps.events.policy import Policy

Text = Annotated[str, msgspec.Meta(max_length=255)]
HASHED_NAME = re.compile(r"h:[0-9a-f]{32}")
# Folders of people are named after them.
PERSONAL_FOLDER = re.compile(
    r"^(/home/|/media/|/run/media/|/run/user/|/Users/|[A-Za-z]:\\Users\\)[^/\\]+"
)


class Hardware(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Part `hardware`."""

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
    tpm_version: Annotated[str, msgspec.Meta(max_length=64)] | None = None
    secure_boot_enabled: bool | None = None


class OperatingSystem(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Part `operating_system`; the host name and memberships come with it."""

    platform: Literal["windows", "macos", "linux"]
    host_name: Text | None = None
    group_name: Text | None = None
    membership_type: Literal["domain", "workgroup", "cloud", "none"] | None = None
    name: Text | None = None
    version: Text | None = None
    build: Text | None = None
    architecture: Literal["x86", "x64", "arm64"] | None = None
    installation_time: Instant | None = None
    last_update: Instant | None = None
    is_restart_pending: bool | None = None
    last_full_boot_time: Instant | None = None  # also of a boot too long ago for an event
    last_full_boot_duration_ms: Amount | None = None


class DiskItem(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One item of part `disks`."""

    name: Text | None = None
    manufacturer: Text | None = None
    model: Text | None = None
    type: Literal["hdd", "ssd", "nvme", "removable", "unknown"] = "unknown"
    size_bytes: Amount | None = None
    health: Literal["ok", "warning", "failing", "unknown"] = "unknown"
    serial_number: Text | None = None


class VolumeItem(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One item of part `volumes`."""

    name: Text | None = None
    mount_point: Annotated[str, msgspec.Meta(max_length=1_024)] | None = None
    file_system: Annotated[str, msgspec.Meta(max_length=64)] | None = None
    size_bytes: Amount | None = None
    free_space_bytes: Amount | None = None
    is_system: bool = False
    is_encrypted: bool | None = None


def apply_hardware(*, device_id: int, state: Hardware, policy: Policy, now: datetime) -> None:
    """Write what the machine is made of."""
    texts = [
        "type",
        "manufacturer",
        "model",
        "product_line",
        "product_version",
        "bios_serial_number",
        "chassis_serial_number",
        "machine_serial_number",
    ]
    facts: dict[str, object] = {f"hardware_{name}": getattr(state, name) or "" for name in texts}
    facts |= _version("hardware_firmware_version", state.firmware_version)
    facts |= _version("hardware_tpm_version", state.tpm_version)
    facts["hardware_memory_bytes"] = state.memory_bytes
    facts["hardware_secure_boot_enabled"] = state.secure_boot_enabled
    services.update_facts(device_id=device_id, facts=facts)


def apply_operating_system(
    *, device_id: int, state: OperatingSystem, policy: Policy, now: datetime
) -> None:
    """Write what the machine runs; its name is kept only in the form that is allowed."""
    facts: dict[str, object] = {
        "group_name": state.group_name or "",
        "membership_type": state.membership_type or "",
        "operating_system_name": state.name or "",
        "operating_system_architecture": Architecture(state.architecture)
        if state.architecture
        else "",
        "operating_system_installation_time_at": state.installation_time,
        "operating_system_last_update_at": state.last_update,
        "operating_system_is_restart_pending": state.is_restart_pending,
    }
    facts |= _version("operating_system_version", state.version)
    facts |= _version("operating_system_build", state.build)
    facts["name"] = permitted_name(state.host_name or "", policy)
    services.update_facts(device_id=device_id, facts=facts)
    booted_at = state.last_full_boot_time
    if booted_at is not None and booted_at <= now:  # else the device's clock is ahead
        services.remember_boot(
            device_id=device_id,
            occurred_at=booted_at,
            duration_ms=state.last_full_boot_duration_ms,
        )


def apply_disks(
    *, device_id: int, state: Sequence[DiskItem], policy: Policy, now: datetime
) -> None:
    """Replace the device's disks."""
    rows = [
        {
            "name": item.name or "",
            "manufacturer": item.manufacturer or "",
            "model": item.model or "",
            "type": DiskType(item.type),
            "size_bytes": item.size_bytes,
            "health": DiskHealth(item.health),
            "serial_number": item.serial_number or "",
        }
        for item in state
    ]
    services.replace_list(model=Disk, device_id=device_id, rows=rows)


def apply_volumes(
    *, device_id: int, state: Sequence[VolumeItem], policy: Policy, now: datetime
) -> None:
    """Replace the device's volumes."""
    rows = [
        {
            "name": item.name or "",
            "mount_point": item.mount_point or "",
            "file_system": item.file_system or "",
            "size_bytes": item.size_bytes,
            "free_space_bytes": item.free_space_bytes,
            "is_system": item.is_system,
            "is_encrypted": item.is_encrypted,
        }
        for item in state
    ]
    services.replace_list(model=Volume, device_id=device_id, rows=rows)


def permitted_name(name: str, policy: Policy) -> str:
    """Return a host name in the form that the switch `device_name` allows, else ""."""
    if policy.value("device_name") == "clear":
        return name
    return name if HASHED_NAME.fullmatch(name) else ""


def permitted_path(path: str, policy: Policy) -> str:
    """Return a path without the name of a person, unless the switch `username` allows it."""
    if policy.value("username") == "clear":
        return path
    return PERSONAL_FOLDER.sub(r"\1~", path)


def _version(column: str, text: str | None) -> dict[str, object]:
    return {column: text or "", f"{column}_key": version_key(text) if text else None}


SERIALS = dict.fromkeys(
    ("bios_serial_number", "chassis_serial_number", "machine_serial_number"), "serial_numbers"
)

register(
    Part(
        name="hardware",
        struct=Hardware,
        apply=apply_hardware,
        is_list=False,
        field_switches=SERIALS,
    )
)
register(
    Part(
        name="operating_system",
        struct=OperatingSystem,
        apply=apply_operating_system,
        is_list=False,
        permitted={"host_name": ("device_name", permitted_name)},
    )
)
register(
    Part(
        name="disks",
        struct=DiskItem,
        apply=apply_disks,
        is_list=True,
        field_switches={"serial_number": "serial_numbers"},
    )
)
register(
    Part(
        name="volumes",
        struct=VolumeItem,
        apply=apply_volumes,
        is_list=True,
        permitted={"mount_point": ("username", permitted_path)},
    )
)
