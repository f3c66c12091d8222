"""Monitors probe: the displays that are connected, as they describe themselves."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from dex_collector.inventory import Part
from dex_collector.probes.base import Context, NoData, read_text
from dex_collector.probes.gpus_linux import DRM

MAKERS = "usr/share/hwdata/pnp.ids"
HEADER = bytes.fromhex("00ffffffffffff00")
BLOCK_BYTES = 128
DESCRIPTORS = (54, 72, 90, 108)  # where the four of 18 bytes begin
SERIAL_NUMBER, NAME = 0xFF, 0xFC  # tags of descriptors with text
MM_PER_INCH = 25.4


def read_monitors(context: Context) -> list[Part]:
    """Read the list of monitors; a serial number only where it is allowed."""
    with_serial = context.configuration.is_on("serial_numbers")
    items = []
    for edid in read_edids(context.root):
        item = parse_edid(edid)
        code = item.get("manufacturer")
        item["manufacturer"] = read_maker(context.root, code) if code else None
        if with_serial:
            item["serial_number"] = parse_serial_number(edid)
        items.append({key: value for key, value in item.items() if value is not None})
    return [Part("monitors", items=items)]


def read_edids(root: Path) -> list[bytes]:
    """Read the identification data of connected displays.

    Source: Linux, drm_sysfs: the file `edid` of a connector is empty where nothing answers.
    """
    folder = root / DRM
    if not folder.is_dir():
        raise NoData("no /sys/class/drm")
    found = []
    for connector in sorted(folder.glob("card*-*")):
        if read_text(connector / "status") != "connected":
            continue
        try:
            edid = (connector / "edid").read_bytes()
        except OSError:
            continue
        if is_edid(edid):
            found.append(edid)
    return found


def is_edid(data: bytes) -> bool:
    """Return whether these are identification data: header and checksum of the first block."""
    block = data[:BLOCK_BYTES]
    return len(block) == BLOCK_BYTES and block.startswith(HEADER) and sum(block) % 256 == 0


def parse_edid(edid: bytes) -> dict[str, Any]:
    """Return name, code of the maker, resolution and diagonal; no serial number.

    Source: VESA E-EDID standard 1.4: 3.4 maker, 3.10.2 detailed timing, 3.10.3 descriptors.
    """
    word = int.from_bytes(edid[8:10], "big")
    letters = [(word >> shift) & 0x1F for shift in (10, 5, 0)]
    timing = edid[DESCRIPTORS[0] : DESCRIPTORS[0] + 18]
    width_mm = timing[12] | (timing[14] & 0xF0) << 4
    height_mm = timing[13] | (timing[14] & 0x0F) << 8
    has_timing = timing[0:2] != b"\0\0"
    if not has_timing or not (width_mm and height_mm):
        width_mm, height_mm = edid[21] * 10, edid[22] * 10  # whole centimetres; 0: a projector
    return {
        "name": parse_text(edid, NAME),
        "manufacturer": "".join(chr(ord("A") + letter - 1) for letter in letters),
        "resolution": parse_resolution(timing) if has_timing else None,
        "diagonal": round((width_mm**2 + height_mm**2) ** 0.5 / MM_PER_INCH, 1)
        if width_mm and height_mm
        else None,
    }


def parse_resolution(timing: bytes) -> str:
    """Return width and height of a detailed timing: the first one is the preferred."""
    width = timing[2] | (timing[4] & 0xF0) << 4
    height = timing[5] | (timing[7] & 0xF0) << 4
    return f"{width}x{height}"


def parse_serial_number(edid: bytes) -> str | None:
    """Return the serial number: the text, else the number of the first block."""
    number = int.from_bytes(edid[12:16], "little")
    return parse_text(edid, SERIAL_NUMBER) or (str(number) if number else None)


def parse_text(edid: bytes, tag: int) -> str | None:
    """Return the text of a descriptor: 13 bytes of ASCII that a line feed may end."""
    for descriptor in _descriptors(edid):
        if descriptor[:3] == b"\0\0\0" and descriptor[3] == tag:
            text = descriptor[5:].partition(b"\n")[0].decode("ascii", errors="ignore")
            return "".join(char for char in text if char.isprintable()).strip() or None
    return None


def _descriptors(edid: bytes) -> Iterator[bytes]:
    return (edid[start : start + 18] for start in DESCRIPTORS)


def read_maker(root: Path, code: str) -> str:
    """Read the maker of a code of three letters; the code where the system has no list."""
    text = read_text(root / MAKERS) or ""
    return parse_pnp_ids(text, code) or code


def parse_pnp_ids(text: str, code: str) -> str | None:
    """Return the name of a maker. Source: hwdata, pnp.ids: `code<tab>name` a line."""
    for line in text.splitlines():
        key, _, name = line.partition("\t")
        if key == code:
            return name.strip() or None
    return None
