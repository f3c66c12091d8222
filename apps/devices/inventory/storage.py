"""Parts `disks` and `volumes`."""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Literal

import msgspec

from apps.devices import services
from apps.devices.choices import DiskHealth, DiskType
from apps.devices.models import Disk, Volume
from apps.devices.permitted import PERSONAL_FOLDER, ShortText, Text, permitted_path
from apps.events.inventory import Part, register
from apps.events.kinds import Amount
from apps.events.policy import Policy

# Names that nobody chose: those of the kernel, and what a collector leaves of a mapped device.
# Source: Linux, Documentation/admin-guide/devices.txt; macOS, diskutil(8).
NAMED_BY_NOBODY = re.compile(
    r"/dev/(?:~|(?:sd|hd|vd|xvd)[a-z]{1,3}\d*|(?:dm-|md|sr|zram|loop)\d+(?:p\d+)?"
    r"|mmcblk\d+(?:p\d+)?|nvme\d+n\d+(?:p\d+)?|disk\d+(?:s\d+)*)"
)


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
    file_system: ShortText | None = None
    size_bytes: Amount | None = None
    free_space_bytes: Amount | None = None
    is_system: bool = False
    is_encrypted: bool | None = None


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
    report = services.Report(device_id=device_id, part="disks", policy=policy, now=now)
    report.write_list(Disk, rows)


def apply_volumes(
    *, device_id: int, state: Sequence[VolumeItem], policy: Policy, now: datetime
) -> None:
    """Replace the device's volumes."""
    rows = [
        {
            "name": _volume_name(item, policy),
            "mount_point": item.mount_point or "",
            "file_system": item.file_system or "",
            "size_bytes": item.size_bytes,
            "free_space_bytes": item.free_space_bytes,
            "is_system": item.is_system,
            "is_encrypted": item.is_encrypted,
        }
        for item in state
    ]
    report = services.Report(device_id=device_id, part="volumes", policy=policy, now=now)
    report.write_list(Volume, rows)


def _volume_name(item: VolumeItem, policy: Policy) -> str:
    """Return what a volume is called; that of a home is often called after its owner.

    Whatever else stands before a "~", such as a server or a pool, may be a name as well.
    """
    name = item.name or ""
    is_personal = PERSONAL_FOLDER.search(item.mount_point or "") is not None
    is_harmless = NAMED_BY_NOBODY.fullmatch(name) is not None
    if policy.value("username") == "clear" or not is_personal or is_harmless:
        return name
    return ""


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
        # Of what another machine exports the name is a path there.
        permitted=dict.fromkeys(("name", "mount_point"), ("username", permitted_path)),
    )
)
