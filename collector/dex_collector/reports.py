"""What the collector reports on itself: events of the kind `collector.events`."""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dex_collector import __version__
from dex_collector.clock import Clock, to_text
from dex_collector.spool import Spool

KIND = "collector.events"
HEALTH = "health"  # the type that comes each time; all others tell of something
EVERY_SECONDS = 900.0  # own health; a constant of the protocol
CLOCK_OFFSET_MAXIMUM_MS = 90_000  # beyond it a server shifts the times of records
DETAILS_MAXIMUM = 255
# Counters of the spool whose growth is an event.
TYPES = {
    "records_refused": "records_refused",
    "batches_quarantined": "batch_quarantined",
    "spool_resets": "spool_reset",
}


@dataclass(frozen=True, slots=True)
class Cost:
    """What this process has used since it began."""

    cpu_seconds: float
    at_seconds: float
    memory_bytes: int


def read_cost() -> Cost:
    """Read the cost of this process. Source: proc_pid_statm(5): pages, the second resident."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    memory = pages * os.sysconf("SC_PAGE_SIZE")
    return Cost(time.process_time(), time.monotonic(), memory)


class Reports:
    """Tells events, and each 15 minutes the own health. Details are words of ours, never data."""

    def __init__(
        self, spool: Spool, clock: Clock, read_cost: Callable[[], Cost] = read_cost
    ) -> None:
        self._spool, self._clock, self._read_cost = spool, clock, read_cost
        self._before = read_cost()
        self._traffic_before = 0
        self._due = clock.monotonic() + EVERY_SECONDS
        self._is_skewed = False

    def tell(self, type_: str, details: str = "", **fields: int | float) -> None:
        """Keep an event of this moment."""
        content: dict[str, Any] = {"type": type_, **fields}
        if details:
            text = details[:DETAILS_MAXIMUM]
            content["details"] = "".join(char if " " <= char <= "~" else "?" for char in text)
        now = self._clock.now()
        record = {"kind": KIND, "occurred_at": to_text(now), "fields": content}
        self._spool.add([record], now)

    def tell_start(self) -> None:
        """Tell that this process began, and whether it is another version than before."""
        with self._spool.transaction():
            before = self._spool.read("version")
            if before not in {None, __version__}:
                self.tell("updated", f"from {before} to {__version__}")
            self._spool.write("version", __version__)
            self.tell("started", f"version {__version__}")

    def step(self, traffic_bytes: int) -> None:
        """Tell what became of records and of this process in the last 15 minutes."""
        if self._clock.monotonic() < self._due:
            return
        self._due = self._clock.monotonic() + EVERY_SECONDS
        with self._spool.transaction():
            self._tell_growth()
            self._tell_clock()
            self._tell_health(traffic_bytes)

    def _tell_growth(self) -> None:
        """Tell what counters grew by since they were told last."""
        counters = self._spool.read("counters", {})
        present = {name: counters.get(name, 0) for name in TYPES}
        present["records_dropped"] = sum(self._spool.lost().values())
        told = self._spool.read("told_counters", {})
        for name, number in present.items():
            grown = number - told.get(name, 0)
            if grown > 0:
                self.tell(TYPES.get(name, name), number_of_records=grown)
        if present != told:
            self._spool.write("told_counters", present)

    def _tell_clock(self) -> None:
        """Tell once that the clock is wrong, until it was right again."""
        offset = self._spool.read("clock_offset_ms") or 0
        is_skewed = abs(offset) > CLOCK_OFFSET_MAXIMUM_MS
        if is_skewed and not self._is_skewed:
            self.tell("clock_skew", clock_offset_ms=offset)
        self._is_skewed = is_skewed

    def _tell_health(self, traffic_bytes: int) -> None:
        cost, before = self._read_cost(), self._before
        seconds = max(cost.at_seconds - before.at_seconds, 0.001)
        self.tell(
            HEALTH,
            cpu_usage_ratio=round((cost.cpu_seconds - before.cpu_seconds) / seconds, 6),
            memory_bytes=cost.memory_bytes,
            traffic_bytes=traffic_bytes - self._traffic_before,
        )
        self._before, self._traffic_before = cost, traffic_bytes
