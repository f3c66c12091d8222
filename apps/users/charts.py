"""Logins and activity of one user as charts, and as tables that say the same."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Sum
from django.db.models.functions import TruncDate
from django.utils import formats as locale_formats
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.core.admin.values import Table, columns
from apps.core.formats import duration_text
from apps.events.rollups import day_of, day_start
from apps.users.models import Login, SessionDaily, SessionSample, User

TEMPLATE = "admin/users/charts.html"
ACTIVITY_DAYS = 30
SECOND_MS, HOUR_MS = 1_000, 3_600_000
FIRST, SECOND, THIRD = "var(--color-primary-500)", "#0891b2", "#a3a3a3"


@dataclass(frozen=True, slots=True)
class Bar:
    """One series of bars, by the metric or column that it shows."""

    title: str | Promise
    column: str
    colour: str = FIRST


INTERACTION = (Bar(gettext_lazy("Interaction"), "user_interaction_time_ms"),)
STATES = (
    Bar(gettext_lazy("Active"), "active_duration_ms"),
    Bar(gettext_lazy("Locked"), "locked_duration_ms", SECOND),
    Bar(gettext_lazy("Disconnected"), "disconnected_duration_ms", THIRD),
)
LOGIN = (
    Bar(gettext_lazy("Until desktop is visible"), "time_until_desktop_is_visible_ms"),
    Bar(gettext_lazy("Until desktop is ready"), "time_until_desktop_is_ready_ms", SECOND),
)

Figures = Mapping[str, int | None]


def logins(rows: Sequence[Login]) -> dict[str, Any] | None:
    """Return the durations of logins, oldest first; None where none was measured."""
    measured = [row for row in reversed(rows) if any(_values(row, LOGIN))]
    if not measured:
        return None
    labels = [
        locale_formats.date_format(timezone.localtime(row.occurred_at), "SHORT_DATETIME_FORMAT")
        for row in measured
    ]
    chart = _chart(
        _("Duration of logins"),
        "s",
        LOGIN,
        labels,
        [_values(row, LOGIN) for row in measured],
        SECOND_MS,
        is_stacked=False,
    )
    return {"charts": [chart], "zone": timezone.get_current_timezone_name()}


def activity(user: User, device_ids: Sequence[int], now: datetime) -> dict[str, Any]:
    """Return interaction and session time of the last 30 days on these devices. Cost: 2 queries."""
    found = by_day(user, device_ids, now)
    today = day_of(now)
    days = [today - timedelta(days=back) for back in reversed(range(ACTIVITY_DAYS))]
    labels = [locale_formats.date_format(day, "j M") for day in days]
    charts = [
        _chart(title, "h", bars, labels, [_of_day(found.get(day), bars) for day in days], HOUR_MS)
        for title, bars in ((_("Interaction"), INTERACTION), (_("Session time"), STATES))
        if any(any(_of_day(row, bars)) for row in found.values())
    ]
    return {"charts": charts, "table": _table(found), "zone": timezone.get_default_timezone_name()}


def by_day(user: User, device_ids: Sequence[int], now: datetime) -> dict[date, Figures]:
    """Return sums by day of the instance, oldest first: daily rows, else those of the samples."""
    since = day_start(day_of(now) - timedelta(days=ACTIVITY_DAYS - 1))
    zone = timezone.get_default_timezone()
    found: dict[date, Any] = {}
    for model in (SessionSample, SessionDaily):  # where both are, the daily row counts
        rows = (
            model.objects.kept()
            .filter(device__in=device_ids, user=user, bucket__gte=since)
            .values(day=TruncDate("bucket", tzinfo=zone))
            .annotate(**{bar.column: Sum(f"{bar.column}_sum") for bar in (*INTERACTION, *STATES)})
            .order_by("day")
        )
        found |= {row["day"]: row for row in rows}
    return dict(sorted(found.items()))


def _values(row: Login, bars: Sequence[Bar]) -> list[int | None]:
    return [getattr(row, bar.column) for bar in bars]


def _of_day(figures: Figures | None, bars: Sequence[Bar]) -> list[int | None]:
    return [figures[bar.column] if figures else None for bar in bars]


def _chart(
    title: str,
    unit: str,
    bars: Sequence[Bar],
    labels: Sequence[str],
    values: Sequence[Sequence[int | None]],
    divisor: int,
    *,
    is_stacked: bool = True,
) -> dict[str, Any]:
    """Return one picture: what Unfold's script draws, as JSON. values: by label, then by bar."""
    datasets = [
        {
            "label": f"{bar.title} ({unit})",
            "data": [_scaled(row[n], divisor) for row in values],
            "backgroundColor": bar.colour,
            "displayYAxis": True,
            "suffixYAxis": unit,
            "maxTicksXLimit": 10,
            "borderRadius": 2,
        }
        for n, bar in enumerate(bars)
    ]
    axis = {"stacked": is_stacked, "grid": {"display": True}}
    options = {
        "responsive": True,
        "maintainAspectRatio": False,
        "animation": False,
        "plugins": {"legend": {"display": False}},
        "scales": {"x": {**axis, "grid": {"display": False}}, "y": {**axis, "beginAtZero": True}},
    }
    return {
        "title": title,
        "unit": unit,
        "bars": bars,
        "data": json.dumps({"labels": labels, "datasets": datasets}, default=str),
        "options": json.dumps(options),
    }


def _scaled(value: int | None, divisor: int) -> float | None:
    return None if value is None else round(value / divisor, 2)


def _table(found: Mapping[date, Figures]) -> Table:
    bars = (*INTERACTION, *STATES)
    return Table(
        caption=_("Activity by day, from the newest"),
        columns=columns(_("Day"), *(bar.title for bar in bars), numbers=range(1, len(bars) + 1)),
        rows=[
            [
                locale_formats.date_format(day, "SHORT_DATE_FORMAT"),
                *(duration_text(figures[bar.column]) for bar in bars),
            ]
            for day, figures in reversed(list(found.items()))
        ],
    )
