"""When not to send: back-off after failures, and what the server asks for."""

import random
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

LEAST_SECONDS, MOST_SECONDS = 5.0, 900.0  # of the back-off
RETRY_AFTER_MAXIMUM_SECONDS = 3600.0
RETRY_AFTER_JITTER = 0.2  # share added at random, so that a fleet does not return in step


class Patience:
    """One silence for all requests of this collector."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._failures = 0
        self._quiet_until = 0.0  # monotonic seconds
        self.reason: str | None = None  # a sentence for `status`

    def is_over(self, monotonic: float) -> bool:
        """Return whether a request may be sent now."""
        return monotonic >= self._quiet_until

    def remaining(self, monotonic: float) -> float:
        """Return the seconds of silence that are left."""
        return max(0.0, self._quiet_until - monotonic)

    def fail(self, monotonic: float, reason: str) -> None:
        """Wait longer after each failure in a row: exponential, full jitter, 5 s to 15 min."""
        ceiling = min(MOST_SECONDS, LEAST_SECONDS * 2 ** min(self._failures + 1, 10))
        self._failures += 1
        self.wait(monotonic, self._chance.uniform(LEAST_SECONDS, ceiling), reason)

    def obey(self, monotonic: float, now: datetime, retry_after: str, reason: str) -> None:
        """Wait as long as Retry-After says, at most an hour, and up to 20 % more."""
        seconds = parse_retry_after(retry_after, now)
        if seconds is None:
            self.fail(monotonic, reason)
            return
        seconds = min(seconds, RETRY_AFTER_MAXIMUM_SECONDS)
        jitter = self._chance.uniform(0, RETRY_AFTER_JITTER * seconds)
        self.wait(monotonic, seconds + jitter, reason)

    def wait(self, monotonic: float, seconds: float, reason: str) -> None:
        """Be silent for `seconds`."""
        self._quiet_until = monotonic + seconds
        self.reason = reason

    def succeed(self) -> None:
        """Forget the failures: the server has answered."""
        self._failures, self._quiet_until, self.reason = 0, 0.0, None


def parse_retry_after(text: str, now: datetime) -> float | None:
    """Return the seconds to wait, or None for an unreadable header.

    Source: RFC 9110, 10.2.3: seconds, or a date.
    """
    if text.isascii() and text.strip().isdigit():
        return float(text)
    try:
        moment = parsedate_to_datetime(text)
    except (TypeError, ValueError):
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(0.0, (moment - now).total_seconds())
