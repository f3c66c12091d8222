"""How long event rows are kept, by retention class; `gdpr` sets the terms, we ask."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from typing import Any

from apps.events import kinds
from apps.events.choices import Retention

Terms = Callable[[str], float]

# Classes that are no event table's, but bound what is in them.
INVENTORY = "inventory"  # devices and users, after their last activity
DAILY_PERSON = "daily_person"  # the person in daily rows

DEFAULT_DAYS: dict[str, float] = {
    INVENTORY: 90,
    Retention.OPERATIONAL: 30,
    Retention.HIGHRES: 30,
    Retention.HIGHRES_DETAIL: 14,
    Retention.REALTIME: 2,
    Retention.DAILY: 396,  # 13 months
    DAILY_PERSON: 90,
}


@dataclass(frozen=True, slots=True)
class Ageing:
    """An ordinary table whose rows age, counted from a column: a date or an instant; null stays."""

    model: type[Any]
    retention: str
    column: str


_ageing: dict[type[Any], Ageing] = {}
_terms: Terms = DEFAULT_DAYS.__getitem__


def register(terms: Terms) -> None:
    """Let an upper app answer for the terms: class -> days kept."""
    global _terms
    _terms = terms


def term(retention: str) -> timedelta:
    """Return how long rows of this class are kept."""
    return timedelta(days=_terms(retention))


def days_kept(retention: str) -> int:
    """Return the number of days that rows of this class are kept, a begun one counted."""
    return ceil(_terms(retention))


def oldest_kept(retention: str, now: datetime) -> datetime:
    """Return the instant before which rows of this class are refused, hidden and dropped."""
    return now - term(retention)


def end_of(retention: str, moment: datetime) -> datetime:
    """Return when the term that began at `moment` ends."""
    return moment + term(retention)


def age(model: type[Any], retention: str, column: str) -> None:
    """Have rows of an ordinary table hidden, and deleted, at the end of their class's term."""
    _ageing[model] = Ageing(model, retention, column)


def ageing() -> Iterator[Ageing]:
    """Yield the ordinary tables whose rows age."""
    yield from _ageing.values()


def class_of(model: type[Any]) -> str | None:
    """Return the retention class of an event table or one whose rows age, None for any other."""
    known = ageing_of(model)
    return None if known is None else known.retention


def ageing_of(model: type[Any]) -> Ageing | None:
    """Return by which class and column rows of a table age, None where they do not."""
    for known, kept in kinds.event_models():
        if known is model:
            return Ageing(model, kept.value, model.TIME_FIELD)
    return _ageing.get(model)
