"""Boot probe: when the machine started."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from dex_collector.probes.base import Context, Fact, NoData, ProbeError, read_text

# A server keeps events so long and refuses older ones; it learns of such a boot from the part
# `operating_system`.
EVENT_AGE_MAXIMUM = timedelta(days=30)


def read_boots(context: Context) -> list[Fact]:
    """Read the last boot: one fact, which is sent once per boot; none of a boot long ago.

    How long it took only systemd knows, and tells by D-Bus alone: no file, so no duration yet.
    """
    booted_at = read_boot_time(context.root)
    if context.now - booted_at > EVENT_AGE_MAXIMUM:
        return []
    fields = {"type": "full_boot"}
    return [Fact("device_performance.boots", booted_at, key="boot", fields=fields)]


def read_boot_time(root: Path) -> datetime:
    """Read when the machine started, UTC.

    Raises:
        NoData, ProbeError: the machine does not tell.
    """
    stat = read_text(root / "proc/stat")
    if stat is None:
        raise NoData("no /proc/stat")
    return parse_boot_time(stat)


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
