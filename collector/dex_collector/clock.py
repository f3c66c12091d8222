"""Clocks: injected everywhere, so that tests advance them."""

import time
from datetime import UTC, datetime, tzinfo
from typing import Protocol


class Clock(Protocol):
    """What the collector asks about time."""

    @property
    def zone(self) -> tzinfo | None:
        """Return the device's zone; None stands for the system's own setting."""

    def now(self) -> datetime:
        """Return the device's wall clock, aware UTC; it may be wrong and may jump."""

    def monotonic(self) -> float:
        """Return seconds that only grow; time asleep counts, so that a gap shows."""

    def awake(self) -> float | None:
        """Return seconds that grow while the machine is awake; None where it has no such clock."""


class SystemClock:
    """The clocks of this machine."""

    zone: tzinfo | None = None

    def now(self) -> datetime:
        return datetime.now(tz=UTC)

    def monotonic(self) -> float:
        boottime = getattr(time, "CLOCK_BOOTTIME", None)  # Linux; time.monotonic() sleeps too
        return time.monotonic() if boottime is None else time.clock_gettime(boottime)

    def awake(self) -> float | None:
        has_both = hasattr(time, "CLOCK_BOOTTIME")  # else the clock above may be the same
        return time.clock_gettime(time.CLOCK_MONOTONIC) if has_both else None


def to_text(moment: datetime) -> str:
    """Return an instant as the protocol writes it: UTC, milliseconds, `Z`."""
    moment = moment.astimezone(UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def from_text(text: str) -> datetime:
    """Return the instant that ISO 8601 text names, aware UTC.

    Raises:
        ValueError: no date, or no zone.
    """
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("an instant needs a zone")
    return moment.astimezone(UTC)
