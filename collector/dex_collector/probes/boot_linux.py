"""Boot probe: when the machine started."""

from datetime import UTC, datetime
from pathlib import Path

from dex_collector.probes.base import Context, Fact, NoData, ProbeError, read_text


def read_boots(context: Context) -> list[Fact]:
    """Read the last boot: one fact, which is sent once per boot.

    How long it took only systemd knows, and tells by D-Bus alone: no file, so no duration yet.
    """
    stat = read_text(context.root / "proc/stat")
    if stat is None:
        raise NoData("no /proc/stat")
    return [
        Fact(
            kind="device_performance.boots",
            occurred_at=parse_boot_time(stat),
            key="boot",
            fields={"type": "full_boot"},
        )
    ]


def parse_boot_time(stat: str) -> datetime:
    """Return the boot instant, UTC, from the text of /proc/stat.

    Source: proc_stat(5), field `btime`: seconds since the Unix epoch.
    """
    for line in stat.splitlines():
        key, _, value = line.partition(" ")
        if key == "btime" and value.strip().isdigit():
            return datetime.fromtimestamp(int(value), tz=UTC)
    raise ProbeError("no btime line in /proc/stat")


def read_boot_id(root: Path) -> str:
    """Read the random id of this boot. Source: random(4), /proc/sys/kernel/random/boot_id."""
    return read_text(root / "proc/sys/kernel/random/boot_id") or ""
