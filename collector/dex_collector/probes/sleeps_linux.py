"""Sleeps probe: when the machine was suspended, and for how long."""

from collections.abc import Callable
from datetime import datetime, timedelta

from dex_collector.bus import BusError
from dex_collector.clock import to_text
from dex_collector.probes.base import Context, Fact, NoData
from dex_collector.probes.logind_linux import FOLDER, Logind

KIND = "device_performance.sleeps"
SHORTEST_SECONDS = 1.0  # two clocks are not read at the very same moment


class SleepReader:
    """Compares two clocks of the kernel, of which one stands still while the machine sleeps.

    Source: clock_gettime(2), CLOCK_BOOTTIME and CLOCK_MONOTONIC. How long is exact; when it began
    logind announces. Without it that is the reading before, so up to 30 s too early. Two sleeps in
    between are told as one. What was announced and did not come is none: no clock stood still.
    """

    def __init__(self, monotonic: Callable[[], float] | None = None) -> None:
        self._before: Context | None = None
        self._announcements = Announcements(monotonic)

    def __call__(self, context: Context) -> list[Fact]:
        if context.awake is None:
            raise NoData("one clock only")
        before, self._before = self._before, context
        self._announcements.hear(context)
        if before is None:
            return []
        asleep = slept_seconds(context) - slept_seconds(before)
        began_at = self._announcements.take(has_slept=asleep >= SHORTEST_SECONDS) or before.now
        if asleep < SHORTEST_SECONDS:
            return []
        return [
            Fact(
                KIND,
                occurred_at=began_at,
                key=to_text(began_at),
                fields={"duration_ms": round(asleep * 1000)},
            )
        ]


class Announcements:
    """When logind said that the machine goes to sleep."""

    def __init__(self, monotonic: Callable[[], float] | None = None) -> None:
        self._logind = Logind(monotonic)
        self._at: datetime | None = None
        self._is_over = False

    def hear(self, context: Context) -> None:
        """Take what logind said since the last call, where there is one."""
        if not (context.root / FOLDER).is_dir():
            return
        try:
            self._logind.connect(context.root, sessions=False)
        except BusError:  # the clocks tell all the same
            return
        for signal in self._logind.signals():
            begins = signal.body == (True,)
            self._is_over = not begins
            if begins and self._at is None:
                passed = self._logind.monotonic() - signal.at
                self._at = context.now - timedelta(seconds=max(0.0, passed))

    def take(self, *, has_slept: bool) -> datetime | None:
        """Return when the sleep was announced that is over now; one that failed is forgotten."""
        at = self._at
        if has_slept or self._is_over:
            self._at, self._is_over = None, False
        return at if has_slept else None


def slept_seconds(context: Context) -> float:
    """Return how long the machine has slept since its boot."""
    return context.monotonic - (context.awake or 0.0)
