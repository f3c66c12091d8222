"""The memory modules of the machine, for the part `hardware`."""

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from dex_collector.probes.base import NoData

TABLE = "sys/firmware/dmi/tables/DMI"  # root alone may read it
MEMORY_DEVICE, END_OF_TABLE = 17, 127
HEADER = struct.Struct("<BBH")
# SMBIOS reference specification (DMTF DSP0134) 3.7, 7.18.2: Memory device, type.
TYPES = {
    0x0F: "SDRAM", 0x12: "DDR", 0x13: "DDR2", 0x14: "DDR2 FB-DIMM", 0x18: "DDR3", 0x19: "FBD2",
    0x1A: "DDR4", 0x1B: "LPDDR", 0x1C: "LPDDR2", 0x1D: "LPDDR3", 0x1E: "LPDDR4",
    0x1F: "Logical non-volatile", 0x20: "HBM", 0x21: "HBM2", 0x22: "DDR5", 0x23: "LPDDR5",
    0x24: "HBM3",
}  # fmt: skip


def read_memory_modules(root: Path) -> list[dict[str, Any]]:
    """Read the modules that are plugged in.

    Raises:
        NoData: no SMBIOS, not the rights to read it, or nothing in it about memory.
    """
    try:
        table = (root / TABLE).read_bytes()
    except OSError as error:
        raise NoData("no table of SMBIOS") from error
    devices = [device for device in structures(table) if device.type == MEMORY_DEVICE]
    if not devices:
        raise NoData("SMBIOS says nothing about memory")
    items = [parse_memory_device(device) for device in devices]
    return [item for item in items if item is not None]


class Structure:
    """One structure of SMBIOS: numbers by offset, texts by their place in the list behind."""

    def __init__(self, kind: int, formatted: bytes, texts: list[bytes]) -> None:
        self.type, self._formatted, self._texts = kind, formatted, texts

    def number(self, offset: int, size: int) -> int:
        """Return a number; 0, which says nothing, where an older table has no such field."""
        field = self._formatted[offset : offset + size]
        return int.from_bytes(field, "little") if len(field) == size else 0

    def text(self, offset: int) -> str | None:
        """Return a text; its number counts from 1, and 0 stands for none."""
        place = self.number(offset, 1)
        if not 1 <= place <= len(self._texts):
            return None
        return self._texts[place - 1].decode("ascii", errors="ignore").strip() or None


def structures(table: bytes) -> Iterator[Structure]:
    """Yield the structures of a table; what follows a broken one is left out.

    Source: DSP0134, 6.1: type, length, handle, formatted area, texts that end with NUL, one NUL
    more at the end.
    """
    start = 0
    while start + HEADER.size <= len(table):
        kind, length, _ = HEADER.unpack_from(table, start)
        end = table.find(b"\0\0", start + length)
        if length < HEADER.size or end < 0 or kind == END_OF_TABLE:
            return
        texts = table[start + length : end]
        yield Structure(kind, table[start : start + length], texts.split(b"\0"))
        start = end + 2


def parse_memory_device(device: Structure) -> dict[str, Any] | None:
    """Return a module, or None for an empty slot. Its serial number is not asked for.

    Source: DSP0134, 7.18; sizes in MiB or KiB, speeds in MT/s.
    """
    size = parse_size(device.number(0x0C, 2), extended=device.number(0x1C, 4))
    if size == 0:
        return None
    item = {
        "slot": device.text(0x10),
        "type": TYPES.get(device.number(0x12, 1)),
        "size_bytes": size,
        "speed_mhz": parse_speed(device, at=0x20, extended_at=0x58)
        or parse_speed(device, at=0x15, extended_at=0x54),
    }
    return {name: value for name, value in item.items() if value is not None}


def parse_size(size: int, extended: int) -> int | None:
    """Return bytes; 0 for an empty slot, None where the size is unknown."""
    if size == 0xFFFF:
        return None
    if size == 0x7FFF:
        return (extended & 0x7FFF_FFFF) * 2**20
    return (size & 0x7FFF) * (2**10 if size & 0x8000 else 2**20)


def parse_speed(device: Structure, *, at: int, extended_at: int) -> int | None:
    """Return a speed in MT/s, which the trade calls MHz; None where it is unknown."""
    speed = device.number(at, 2)
    return (device.number(extended_at, 4) if speed == 0xFFFF else speed) or None
