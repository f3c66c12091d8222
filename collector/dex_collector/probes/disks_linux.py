"""Disks probe: the physical and virtual drives of the machine."""

import re
from pathlib import Path
from typing import Any

from dex_collector.inventory import Part
from dex_collector.probes.base import Context, Lack, NoData, Output, read_number, read_text

SECTOR_BYTES = 512  # of /sys/block/*/size, whatever the drive's own sectors. Source: Linux, ABI
# No drives: loops, RAM, compressed RAM, mapped and joined devices, optical and floppy drives,
# network devices, the boot areas of eMMC.
SKIPPED = re.compile(r"^(loop|ram|zram|dm-|md|sr|fd|nbd|drbd|rbd)\d*|^mmcblk\d+(boot|rpmb)")


def read_disks(context: Context) -> list[Output]:
    """Read the list of drives; `health` needs SMART, which this version does not read."""
    with_serial = context.configuration.is_on("serial_numbers")
    items = []
    for name in read_disk_names(context.root):
        item = read_disk(context.root / "sys/block" / name)
        if with_serial:
            item["serial_number"] = read_serial_number(context.root / "sys/block" / name)
        items.append({key: value for key, value in item.items() if value is not None})
    return [Part("disks", items=items), Lack("disk_health.unsupported")]


def read_disk_names(root: Path) -> list[str]:
    """Read the names of the drives that have a medium."""
    folder = root / "sys/block"
    try:
        names = sorted(entry.name for entry in folder.iterdir())
    except OSError as error:
        raise NoData("no /sys/block") from error
    return [name for name in names if not SKIPPED.match(name) and _is_drive(folder / name)]


def _is_drive(folder: Path) -> bool:
    """Return whether it has a medium and is no path to another one.

    Source: Linux, Documentation/ABI/stable/sysfs-block: `hidden` marks the paths of multipath NVMe.
    """
    return bool(read_number(folder / "size")) and not read_number(folder / "hidden")


def read_disk(folder: Path) -> dict[str, Any]:
    """Read one drive, without its serial number."""
    return {
        "name": folder.name,
        "manufacturer": parse_vendor(read_text(folder / "device/vendor")),
        "model": read_text(folder / "device/model") or read_text(folder / "device/name"),
        "type": parse_type(
            folder.name,
            is_removable=read_number(folder / "removable") == 1,
            rotational=read_number(folder / "queue/rotational"),
        ),
        "size_bytes": (read_number(folder / "size") or 0) * SECTOR_BYTES,
    }


def parse_vendor(text: str | None) -> str | None:
    """Return the maker; libata writes `ATA` and virtio a number of PCI in its place."""
    return None if text is None or text == "ATA" or text.startswith("0x") else text


def parse_type(name: str, *, is_removable: bool, rotational: int | None) -> str:
    """Return hdd, ssd, nvme, removable or unknown.

    Source: Linux, ABI/stable/sysfs-block. A hypervisor's drive claims to rotate: unknown.
    """
    if is_removable:
        return "removable"
    if name.startswith("nvme"):
        return "nvme"
    if name.startswith(("vd", "xvd", "mmcblk")) or rotational is None:
        return "unknown"
    return "hdd" if rotational else "ssd"


def read_serial_number(folder: Path) -> str | None:
    """Read the serial number: NVMe and virtio have a file, SCSI the page 80h of its vital data."""
    for name in ("device/serial", "serial"):
        text = read_text(folder / name)
        if text is not None:
            return text
    try:
        return parse_vpd_page_80((folder / "device/vpd_pg80").read_bytes())
    except OSError:
        return None


def parse_vpd_page_80(page: bytes) -> str | None:
    """Return the serial number of a vital product data page.

    Source: SPC-4, 7.8.16 Unit Serial Number: 4 bytes of header, then ASCII.
    """
    return page[4:].decode("ascii", errors="ignore").replace("\0", " ").strip() or None
