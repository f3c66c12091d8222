"""The batteries of the machine, for the part `hardware`."""

from pathlib import Path
from typing import Any

from dex_collector.probes.base import NoData, read_number, read_text

FOLDER = "sys/class/power_supply"


def read_batteries(root: Path) -> list[dict[str, Any]]:
    """Read the batteries of the machine.

    Raises:
        NoData: the kernel knows no power supplies.
    """
    return [read_battery(folder) for folder in read_battery_folders(root)]


def read_battery_folders(root: Path) -> list[Path]:
    """Read which batteries there are. One of scope Device is a mouse's or keyboard's.

    Source: Linux, ABI/testing/sysfs-class-power.
    """
    try:
        folders = sorted((root / FOLDER).iterdir())
    except OSError as error:
        raise NoData("no /sys/class/power_supply") from error
    return [
        folder
        for folder in folders
        if read_text(folder / "type") == "Battery" and read_text(folder / "scope") != "Device"
    ]


def read_battery(folder: Path) -> dict[str, Any]:
    """Read one battery; a cycle count of 0 means that it is not known."""
    item = {
        "name": read_text(folder / "model_name") or folder.name,
        "manufacturer": read_text(folder / "manufacturer"),
        "design_capacity": read_capacity(folder, "full_design"),
        "full_capacity": read_capacity(folder, "full"),
        "cycle_count": read_number(folder / "cycle_count") or None,
    }
    return {name: value for name, value in item.items() if value is not None}


def read_capacity(folder: Path, name: str) -> float | None:
    """Read a capacity in Wh, to a tenth: what a battery says of itself moves each hour.

    Source: sysfs-class-power: energy in µWh, or charge in µAh, of a voltage in µV.
    """
    energy = read_number(folder / f"energy_{name}")
    if energy:
        return round(energy / 1e6, 1)
    charge = read_number(folder / f"charge_{name}")
    voltage = read_number(folder / "voltage_min_design")
    return round(charge * voltage / 1e12, 1) if charge and voltage else None
