"""Boot probe: when the machine started, and how long that took."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from dex_collector.probes.base import Context, Fact, NoData, ProbeError, read_text
from dex_collector.probes.startup_linux import is_told, read_duration_ms

# A server keeps events so long and refuses older ones; it learns of such a boot from the part
# `operating_system`.
EVENT_AGE_MAXIMUM = timedelta(days=30)
STARTUP_MAXIMUM = timedelta(minutes=15)  # a startup that has not ended by then is told without


class BootReader:
    """Tells the last boot: one fact, which is sent once per boot; none of a boot long ago.

    The collector is a part of the startup, so it waits until that has ended.
    """

    def __init__(self) -> None:
        self._duration_ms: int | None = None

    def __call__(self, context: Context) -> list[Fact]:
        booted_at = read_boot_time(context.root)
        age = context.now - booted_at
        if age > EVENT_AGE_MAXIMUM:
            return []
        if self._duration_ms is None:
            self._duration_ms = read_duration_ms(context.root)
        if self._duration_ms is None and is_told(context.root) and age < STARTUP_MAXIMUM:
            return []
        fields = {"type": "full_boot", "duration_ms": self._duration_ms}
        told = {name: value for name, value in fields.items() if value is not None}
        return [Fact("device_performance.boots", booted_at, key="boot", fields=told)]


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
