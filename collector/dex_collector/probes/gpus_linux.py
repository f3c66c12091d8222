"""The graphics processors of the machine, for the part `hardware`."""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from dex_collector.probes.base import NoData, read_number, read_text

DRM = "sys/class/drm"
NAMES = ("usr/share/hwdata/pci.ids", "usr/share/misc/pci.ids")  # where systems keep the list


def read_gpus(root: Path) -> list[dict[str, Any]]:
    """Read the graphics processors that have a driver.

    Raises:
        NoData: the kernel has no graphics.
    """
    cards = read_cards(root)
    return [read_gpu(root, card / "device") for card in cards]


def read_cards(root: Path) -> list[Path]:
    """Read the folders of the cards; `card0-HDMI-A-1` is a connector of one."""
    try:
        entries = sorted((root / DRM).iterdir())
    except OSError as error:
        raise NoData("no /sys/class/drm") from error
    return [entry for entry in entries if re.fullmatch(r"card\d+", entry.name)]


def read_gpu(root: Path, device: Path) -> dict[str, Any]:
    """Read one graphics processor. Source: Linux, ABI/testing/sysfs-bus-pci, gpu/amdgpu."""
    item = {
        "name": read_name(root, device),
        "memory_bytes": read_number(device / "mem_info_vram_total"),
        "driver_version": read_text(device / "driver/module/version"),
    }
    return {name: value for name, value in item.items() if value is not None}


def read_name(root: Path, device: Path) -> str | None:
    """Read what a device of PCI is called; its numbers where the system has no list of names."""
    vendor, model = (parse_id(read_text(device / name)) for name in ("vendor", "device"))
    if vendor is None or model is None:
        return None
    for place in NAMES:
        try:
            with (root / place).open(encoding="utf-8", errors="replace") as lines:
                name = parse_pci_ids(lines, vendor, model)
        except OSError:
            continue
        return name or f"PCI {vendor}:{model}"
    return f"PCI {vendor}:{model}"


def parse_id(text: str | None) -> str | None:
    """Return a number of PCI as pci.ids writes it: 4 hexadecimal digits."""
    found = re.fullmatch(r"0x([0-9a-fA-F]{4})", text or "")
    return found[1].lower() if found else None


def parse_pci_ids(lines: Iterable[str], vendor: str, model: str) -> str | None:
    """Return maker and model, the maker alone where the list does not know the model.

    Source: pci.ids(5): `vendor  name`, then a tab, `device  name`; two tabs are subsystems.
    """
    maker: str | None = None
    for line in lines:
        number, _, name = line.strip().partition("  ")
        if maker is None:
            if number == vendor and not line.startswith("\t"):
                maker = name
        elif not line.startswith(("\t", "#", "\n")):
            break
        elif number == model and not line.startswith("\t\t"):
            return f"{maker} {name}"
    return maker
