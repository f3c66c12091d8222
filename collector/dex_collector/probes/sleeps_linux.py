"""Sleeps probe: when the machine was suspended, and for how long."""

from dex_collector.clock import to_text
from dex_collector.probes.base import Context, Fact, NoData

KIND = "device_performance.sleeps"
SHORTEST_SECONDS = 1.0  # two clocks are not read at the very same moment


class SleepReader:
    """Compares two clocks of the kernel, of which one stands still while the machine sleeps.

    Source: clock_gettime(2), CLOCK_BOOTTIME and CLOCK_MONOTONIC. How long is exact; when it began
    is the reading before, so up to 30 s too early, and two sleeps in between are told as one.
    """

    def __init__(self) -> None:
        self._before: Context | None = None

    def __call__(self, context: Context) -> list[Fact]:
        if context.awake is None:
            raise NoData("one clock only")
        before, self._before = self._before, context
        if before is None:
            return []
        asleep = slept_seconds(context) - slept_seconds(before)
        if asleep < SHORTEST_SECONDS:
            return []
        return [
            Fact(
                KIND,
                occurred_at=before.now,
                key=to_text(before.now),
                fields={"duration_ms": round(asleep * 1000)},
            )
        ]


def slept_seconds(context: Context) -> float:
    """Return how long the machine has slept since its boot."""
    return context.monotonic - (context.awake or 0.0)
