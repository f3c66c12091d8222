"""How long event rows are kept, by retention class; `gdpr` sets the terms, we ask."""

from collections.abc import Callable
from datetime import datetime, timedelta

from apps.events.choices import Retention

Terms = Callable[[Retention], int]

DEFAULT_DAYS = {
    Retention.OPERATIONAL: 30,
    Retention.HIGHRES: 30,
    Retention.HIGHRES_DETAIL: 14,
    Retention.REALTIME: 2,
    Retention.DAILY: 396,  # 13 months
}

_terms: Terms = DEFAULT_DAYS.__getitem__


def register(terms: Terms) -> None:
    """Let an upper app answer for the terms: class -> days kept."""
    global _terms
    _terms = terms


def days_kept(retention: Retention) -> int:
    """Return the number of days that rows of this class are kept."""
    return _terms(retention)


def oldest_kept(retention: Retention, now: datetime) -> datetime:
    """Return the instant before which rows of this class are refused, hidden and dropped."""
    return now - timedelta(days=days_kept(retention))
