"""Stops probe: how the machine stopped before it was started, if not in order."""

import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from dex_collector.clock import to_text
from dex_collector.probes.base import Context, Fact, Lack, NoData, Output
from dex_collector.probes.boot_linux import EVENT_AGE_MAXIMUM
from dex_collector.probes.logins_linux import ENTRY

CRASHES, RESETS = "device_performance.system_crashes", "device_performance.hard_resets"
WTMP = "var/log/wtmp"
TAIL_BYTES = 4_000 * ENTRY.size  # of a file that holds years on some machines
PACKED = frozenset({".gz", ".xz", ".zst", ".bz2"})
RUN_LEVEL, BOOT_TIME = 1, 2  # utmp(5)
PSTORE = ("sys/fs/pstore", "var/lib/systemd/pstore")
# Linux, fs/pstore/platform.c: each record begins with why it was made, which of them, which part.
HEADER = re.compile(rb"^(Panic|Oops)#(\d+) Part\d+", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Turn:
    """The machine was switched on, or off in order."""

    is_boot: bool
    at: datetime


def read_stops(context: Context) -> list[Output]:
    """Read crashes that the kernel kept, and whether this boot followed a stop in order."""
    root, oldest = context.root, context.now - EVENT_AGE_MAXIMUM
    crashes = sorted(set(read_crashes(root)))
    outputs: list[Output] = [
        Fact(CRASHES, at, to_text(at), fields={"label": "kernel_panic"}, is_lasting=True)
        for at in crashes
        if oldest <= at <= context.now
    ]
    if not any((root / place).is_dir() for place in PSTORE):
        outputs.append(Lack("system_crashes.unsupported"))
    try:
        turns = list(parse_wtmp(read_wtmp(root)))
    except NoData:
        turns = []
    if not any(turn.is_boot for turn in turns):  # newer systems write no such file, or nothing
        return [*outputs, Lack("hard_resets.unsupported")]
    at = reset_at(turns, crashes)
    if at is not None and oldest <= at <= context.now:
        outputs.append(Fact(RESETS, at, key=to_text(at), is_lasting=True))
    return outputs


def read_wtmp(root: Path) -> bytes:
    """Read the end of the file of boots and logins, after the end of the one before it.

    Source: logrotate(8): `wtmp.1`, or with a date, `wtmp-20260301`; older ones are packed.
    """
    current = root / WTMP
    before = [place for place in current.parent.glob("wtmp?*") if place.suffix not in PACKED]
    try:
        return b"".join(_tail(place) for place in [*sorted(before)[-1:], current])
    except OSError as error:
        raise NoData("no wtmp") from error


def _tail(place: Path) -> bytes:
    """Read whole entries from the end of a file."""
    with place.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        whole = size - size % ENTRY.size
        file.seek(max(0, whole - TAIL_BYTES))
        return file.read(min(whole, TAIL_BYTES))


def parse_wtmp(content: bytes) -> Iterator[Turn]:
    """Yield boots and shutdowns, oldest first; logins are passed over.

    Source: utmp(5); systemd-update-utmp(8) writes `reboot` at a boot and `shutdown` at an end.
    """
    whole = len(content) - len(content) % ENTRY.size
    for kind, _, _, _, user, _, _, _, _, seconds, *_ in ENTRY.iter_unpack(content[:whole]):
        is_boot = kind == BOOT_TIME
        if is_boot or (kind == RUN_LEVEL and user.startswith(b"shutdown\0")):
            yield Turn(is_boot, datetime.fromtimestamp(seconds, tz=UTC))


def reset_at(turns: list[Turn], crashes: Iterable[datetime]) -> datetime | None:
    """Return the last boot if nothing ended the one before: no shutdown, no crash; else None.

    The first boot in the file follows nothing that is known.
    """
    boots = [number for number, turn in enumerate(turns) if turn.is_boot]
    if len(boots) < 2 or boots[-1] - boots[-2] > 1:
        return None
    before, last = turns[boots[-2]].at, turns[boots[-1]].at
    return None if any(before <= crash <= last for crash in crashes) else last


def read_crashes(root: Path) -> Iterator[datetime]:
    """Yield when the kernel panicked, to the minute: one panic leaves several parts.

    systemd-pstore(8) moves the records from the first place to folders in the second. Of their
    text, which may quote anything, the header alone is looked at.
    """
    for place in PSTORE:
        for file in sorted((root / place).glob("**/dmesg*")):
            try:
                found = HEADER.search(file.read_bytes()[:4_096])
                seconds = int(file.stat().st_mtime)
            except OSError:
                continue
            if found and found[1] == b"Panic":
                yield datetime.fromtimestamp(seconds - seconds % 60, tz=UTC)
