"""What programs and packages did day by day, as charts and as a table that says the same."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Count, Max, QuerySet, Sum
from django.db.models.functions import TruncDay
from django.utils import formats as locale_formats
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.binaries.models import (
    Binary,
    ExecutionCrash,
    ExecutionDaily,
    Package,
    PackageInstallation,
    PackageUninstallation,
)
from apps.core.admin.detail import Visit, list_url
from apps.core.admin.values import Table, columns, number_text
from apps.core.formats import bytes_text, duration_text
from apps.events.rollups import day_of, day_start

CHART_DAYS = 30
MEBIBYTE, MINUTE_MS = 2**20, 60_000
PRIMARY, SECOND = "var(--color-primary-500)", "#0891b2"


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a picture. name: of the value of a day; factor: from the stored unit."""

    name: str
    title: str | Promise
    colour: str = PRIMARY
    factor: float = 1.0
    text: Callable[[float | None], str] = number_text


@dataclass(frozen=True, slots=True)
class Chart:
    """One picture. form: "line" or "bar"; a bar of a day without a value is none at all."""

    title: str | Promise
    lines: Sequence[Line]
    form: str = "line"
    data: str = ""


CRASHES = Chart(
    gettext_lazy("Crashes by day"), [Line("crashes", gettext_lazy("Crashes"))], form="bar"
)
PROCESSOR = Chart(
    gettext_lazy("Processor time by device and day (min)"),
    [
        Line(
            "processor",
            gettext_lazy("Processor time by device"),
            factor=1 / MINUTE_MS,
            text=duration_text,
        )
    ],
)
MEMORY = Chart(
    gettext_lazy("Memory by day (MiB)"),
    [
        Line("memory", gettext_lazy("Memory, mean"), factor=1 / MEBIBYTE, text=bytes_text),
        Line(
            "memory_peak",
            gettext_lazy("Memory, peak"),
            SECOND,
            factor=1 / MEBIBYTE,
            text=bytes_text,
        ),
    ],
)
CHANGES = Chart(
    gettext_lazy("Installations and uninstallations by day"),
    [
        Line("installations", gettext_lazy("Installations")),
        Line("uninstallations", gettext_lazy("Uninstallations"), SECOND),
    ],
    form="bar",
)

Values = Mapping[date, Mapping[str, float | None]]


def crashes(binary: Binary, visit: Visit) -> dict[str, Any]:
    """Return the crashes of a binary by day. Cost: 1 query over the crashes of 30 days."""
    rows = _since(ExecutionCrash.objects.permitted_to(visit.scope), visit.now).filter(binary=binary)
    by_day = _by_day(rows, crashes=Sum("number_of_crashes"))
    empty = _("No crash was reported in the last 30 days.")
    more = list_url(ExecutionCrash, window="30d", binary__id__exact=binary.pk)
    return _context([CRASHES], by_day, visit.now, empty, more=more)


def usage(binary: Binary, visit: Visit) -> dict[str, Any]:
    """Return what a binary used by day. Cost: 1 query of its days, by their own index."""
    first = day_start(day_of(visit.now) - timedelta(days=CHART_DAYS))
    rows = (
        ExecutionDaily.objects.permitted_to(visit.scope)
        .filter(binary=binary, bucket__gte=first)
        .values("bucket")
        .annotate(
            devices=Count("device_id", distinct=True),
            cpu=Sum("cpu_time_ms_sum"),
            total=Sum("real_memory_bytes_sum"),
            readings=Sum("real_memory_bytes_count"),
            memory_peak=Max("real_memory_bytes_max"),
        )
        .order_by("bucket")
    )
    by_day = {
        day_of(row["bucket"]): {
            "processor": _share(row["cpu"], row["devices"]),
            "memory": _share(row["total"], row["readings"]),
            "memory_peak": row["memory_peak"],
        }
        for row in rows
    }
    empty = _("No day was rolled up yet. A day is summed up an hour after it ends.")
    # No index leads from a program to its rows of today, and the fleet has millions of them.
    note = _("A day is summed up an hour after it ends, so today is not drawn yet.")
    return _context([PROCESSOR, MEMORY], by_day, visit.now, empty, note=note)


def changes(package: Package, visit: Visit) -> dict[str, Any]:
    """Return on how many devices a package came and went by day. Cost: 2 queries."""
    came = _since(PackageInstallation.objects.permitted_to(visit.scope), visit.now)
    left = _since(PackageUninstallation.objects.permitted_to(visit.scope), visit.now)
    installed = _by_day(came.filter(package=package), installations=Sum("number_of_installations"))
    removed = _by_day(
        left.filter(package=package), uninstallations=Sum("number_of_uninstallations")
    )
    days = sorted(installed.keys() | removed.keys())
    by_day = {day: {**installed.get(day, {}), **removed.get(day, {})} for day in days}
    empty = _("It came to and left no device in the last 30 days.")
    note = _("A change is seen by the next scan; the first scan of a device tells of none.")
    more = list_url(PackageInstallation, window="30d", package__id__exact=package.pk)
    return _context([CHANGES], by_day, visit.now, empty, note=note, more=more)


def _since(rows: QuerySet[Any], now: datetime) -> QuerySet[Any]:
    """Keep events of the days that a chart shows."""
    return rows.filter(occurred_at__gte=day_start(day_of(now) - timedelta(days=CHART_DAYS)))


def _by_day(rows: QuerySet[Any], **sums: Any) -> dict[date, dict[str, float | None]]:
    """Return sums by day of the instance's zone. Cost: 1 query."""
    slot = TruncDay("occurred_at", tzinfo=timezone.get_default_timezone())
    found: dict[date, dict[str, float | None]] = {}
    for row in rows.values(slot=slot).annotate(**sums).order_by("slot"):
        values: dict[str, Any] = dict(row)
        found[day_of(values.pop("slot"))] = values
    return found


def _share(total: float | None, number: float | None) -> float | None:
    return total / number if total is not None and number else None


def _context(
    charts: Sequence[Chart],
    by_day: Values,
    now: datetime,
    empty: str,
    *,
    note: str = "",
    more: str = "",
) -> dict[str, Any]:
    """Return the context of the template "admin/binaries/charts.html". more: see `Table`."""
    days = [day_of(now) - timedelta(days=back) for back in range(CHART_DAYS, -1, -1)]
    shown = [
        Chart(chart.title, chart.lines, chart.form, _data(chart, days, by_day)) for chart in charts
    ]
    return {
        "charts": shown if by_day else [],
        "table": _table(charts, by_day, more),
        "zone": timezone.get_default_timezone_name(),
        "empty": empty,
        "note": note,
    }


def _data(chart: Chart, days: Sequence[date], by_day: Values) -> str:
    """Return what Unfold's script draws, as JSON; a gap where nothing was told."""
    datasets = [
        {
            "label": str(line.title),
            "data": [_number(line, by_day.get(day)) for day in days],
            "borderColor": line.colour,
            "backgroundColor": line.colour,
            "displayYAxis": True,
            "maxTicksXLimit": 7,
            "tension": 0.2,
            "pointStyle": "circle",
            "pointRadius": 2,
        }
        for line in chart.lines
    ]
    labels = [locale_formats.date_format(day, "SHORT_DATE_FORMAT") for day in days]
    return json.dumps({"labels": labels, "datasets": datasets}, default=str)


def _number(line: Line, values: Mapping[str, float | None] | None) -> float | None:
    found = None if values is None else values.get(line.name)
    return None if found is None else round(found * line.factor, 2)


def _table(charts: Sequence[Chart], by_day: Values, more: str) -> Table:
    lines = [line for chart in charts for line in chart.lines]
    return Table(
        caption=_("Day by day, from the newest"),
        columns=columns(
            _("Day"), *(line.title for line in lines), numbers=range(1, len(lines) + 1)
        ),
        rows=[
            [
                locale_formats.date_format(day, "SHORT_DATE_FORMAT"),
                *(line.text(values.get(line.name)) for line in lines),
            ]
            for day, values in sorted(by_day.items(), reverse=True)
        ],
        more=more,
    )
