"""The terms in force, as the event machinery asks for them: remembered by each process."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from apps.core import clock
from apps.events import retention
from apps.gdpr.choices import RetentionClass
from apps.gdpr.models import RetentionPolicy
from apps.gdpr.rules import DAY, RULES

FRESH_SECONDS = (
    60  # a longer term is known to other processes after that; a shorter one waits a day
)


@dataclass(frozen=True, slots=True)
class _Known:
    """The policies as this process read them; `settled` while none of them waits for its day."""

    policies: Mapping[str, RetentionPolicy]
    read_at: float  # seconds of the monotonic clock
    settled: dict[str, timedelta] = field(default_factory=dict)

    def term(self, name: str, now: datetime) -> timedelta:
        """Return the term of a class at `now`, cut at that of the class that bounds it."""
        if (found := self.settled.get(name)) is not None:
            return found
        rule = RULES[RetentionClass(name)]
        policy = self.policies.get(rule.name)
        own = rule.default if policy is None else policy.term_at(now)
        term = own if rule.within is None else min(own, self.term(rule.within, now))
        if all(policy.next_at is None for policy in self.policies.values()):
            self.settled[name] = term
        return term


_known = _Known({}, float("-inf"))


def term(retention_class: str, now: datetime | None = None) -> timedelta:
    """Return how long rows of a class are kept at `now`. Cost: 1 query a minute and process.

    No class is kept longer than the one that bounds it, whatever waits.
    """
    return _fresh().term(retention_class, now or clock.now())


def forget() -> None:
    """Forget what this process has read."""
    global _known
    _known = _Known({}, float("-inf"))


def days(retention_class: str) -> float:
    """Return the days that rows of a class are kept."""
    return term(retention_class) / DAY


def _fresh() -> _Known:
    """Return what this process knows, read again after a minute."""
    global _known
    if time.monotonic() - _known.read_at > FRESH_SECONDS:
        rows = {row.retention_class: row for row in RetentionPolicy.objects.all()}
        _known = _Known(rows, time.monotonic())
    return _known


retention.register(days)
