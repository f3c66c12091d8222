"""Sessions of one user as bars on the days of the last two weeks."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from django.utils import formats as locale_formats
from django.utils import timezone

from apps.users.models import Session

TEMPLATE = "admin/users/timeline.html"
DAYS = 14


@dataclass(frozen=True, slots=True)
class Piece:
    """The part of one session on one day, as shares of the day in percent."""

    left: float
    width: float
    text: str
    is_open: bool


def of_sessions(sessions: Sequence[Session], now: datetime) -> list[dict[str, Any]]:
    """Return the days with sessions, the newest first; days are those of the zone under way."""
    today = timezone.localtime(now).date()
    days = [today - timedelta(days=back) for back in range(DAYS)]
    rows = [{"day": _text(day), "pieces": list(_pieces(day, sessions, now))} for day in days]
    return [row for row in rows if row["pieces"]]


def _pieces(day: date, sessions: Sequence[Session], now: datetime) -> Iterator[Piece]:
    zone = timezone.get_current_timezone()
    start = datetime.combine(day, time(), tzinfo=zone).astimezone(now.tzinfo)
    end = datetime.combine(day + timedelta(days=1), time(), tzinfo=zone).astimezone(now.tzinfo)
    for session in sorted(sessions, key=lambda session: session.start_time_at):
        first, last = session.start_time_at, session.end_time_at or now
        low, high = max(first, start), min(last, end)
        if low < high:
            yield Piece(
                left=round((low - start) / (end - start) * 100, 2),
                width=round(max((high - low) / (end - start) * 100, 0.4), 2),
                text=f"{_clock(first)} – {_clock(last)}",  # noqa: RUF001 - a span of time
                is_open=session.end_time_at is None,
            )


def _text(day: date) -> str:
    return str(locale_formats.date_format(day, "D j M"))


def _clock(moment: datetime) -> str:
    return str(locale_formats.date_format(timezone.localtime(moment), "SHORT_DATETIME_FORMAT"))
