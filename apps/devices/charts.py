"""Measures of one device over time, as charts and as a table that says the same."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import F, Max, Sum
from django.db.models.functions import Trunc
from django.utils import formats as locale_formats
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.core.admin.values import Table, columns
from apps.core.formats import NOTHING, bytes_text, duration_text, ratio_text
from apps.devices.facts import rate_text
from apps.devices.models import ConnectivitySample, Device, PerformanceSample

MEBIBYTE, GIBIBYTE = 2**20, 2**30
PRIMARY, SECOND = "var(--color-primary-500)", "#0891b2"
BUCKET = timedelta(minutes=5)
LONE_DOT = 3  # pixels


@dataclass(frozen=True, slots=True)
class Line:
    """One line: the mean of a gauge, or its greatest value. factor: from the stored unit."""

    title: str | Promise
    column: str
    colour: str = PRIMARY
    is_peak: bool = False
    factor: float = 1.0
    text: Callable[[float | None], str] = ratio_text


@dataclass(frozen=True, slots=True)
class Chart:
    """One picture: lines of one unit."""

    title: str | Promise
    unit: str
    lines: Sequence[Line]


@dataclass(frozen=True, slots=True)
class Range:
    """A span of time. step: how long a point is; rows: how long a row of the table is."""

    title: str | Promise
    length: timedelta
    step: str  # "" is the bucket itself
    rows: str
    step_length: timedelta


RANGES: dict[str, Range] = {
    "24h": Range(gettext_lazy("24 hours"), timedelta(hours=24), "", "hour", BUCKET),
    "7d": Range(gettext_lazy("7 days"), timedelta(days=7), "hour", "day", timedelta(hours=1)),
}
DEFAULT_RANGE = "24h"


def _rate(value: float | None) -> str:
    return NOTHING if value is None else rate_text(value)


def _signal(value: float | None) -> str:
    return NOTHING if value is None else f"{value:.0f} dBm"


@dataclass(frozen=True, slots=True)
class Subject:
    """What is drawn. name: of its panel. empty: what to say where nothing was reported."""

    name: str
    model: type[Any]
    charts: Sequence[Chart]
    caption: str | Promise
    empty: str | Promise


_PERFORMANCE: tuple[Chart, ...] = (
    Chart(
        gettext_lazy("Processor"),
        "%",
        [
            Line(gettext_lazy("Mean"), "normalized_cpu_usage_ratio", factor=100),
            Line(
                gettext_lazy("Peak"), "normalized_cpu_usage_ratio", SECOND, is_peak=True, factor=100
            ),
        ],
    ),
    Chart(
        gettext_lazy("Memory"),
        "GiB",
        [
            Line(gettext_lazy("In use"), "used_memory_bytes", factor=1 / GIBIBYTE, text=bytes_text),
            Line(
                gettext_lazy("Available"),
                "free_memory_bytes",
                SECOND,
                factor=1 / GIBIBYTE,
                text=bytes_text,
            ),
        ],
    ),
    Chart(
        gettext_lazy("Disk latency"),
        "ms",
        [
            Line(gettext_lazy("Read"), "disk_read_latency_ms", text=duration_text),
            Line(gettext_lazy("Write"), "disk_write_latency_ms", SECOND, text=duration_text),
        ],
    ),
    Chart(
        gettext_lazy("Disk throughput"),
        "MiB/s",
        [
            Line(
                gettext_lazy("Read"),
                "disk_read_throughput_bytes_per_s",
                factor=1 / MEBIBYTE,
                text=lambda value: f"{bytes_text(value)}/s" if value is not None else NOTHING,
            ),
            Line(
                gettext_lazy("Write"),
                "disk_write_throughput_bytes_per_s",
                SECOND,
                factor=1 / MEBIBYTE,
                text=lambda value: f"{bytes_text(value)}/s" if value is not None else NOTHING,
            ),
        ],
    ),
)

_CONNECTIVITY: tuple[Chart, ...] = (
    Chart(
        gettext_lazy("Wi-Fi signal"),
        "dBm",
        [
            Line(gettext_lazy("Signal"), "wifi_signal_strength_dbm", text=_signal),
            Line(gettext_lazy("Noise"), "wifi_noise_level_dbm", SECOND, text=_signal),
        ],
    ),
    Chart(
        gettext_lazy("Latency"),
        "ms",
        [
            Line(gettext_lazy("Gateway"), "gateway_latency_ms", text=duration_text),
            Line(gettext_lazy("DNS"), "dns_latency_ms", SECOND, text=duration_text),
        ],
    ),
    Chart(
        gettext_lazy("Wi-Fi rate"),
        "Mbit/s",
        [
            Line(gettext_lazy("Receiving"), "wifi_receive_rate_bps", factor=1 / 10**6, text=_rate),
            Line(
                gettext_lazy("Sending"),
                "wifi_transmission_rate_bps",
                SECOND,
                factor=1 / 10**6,
                text=_rate,
            ),
        ],
    ),
)

PERFORMANCE = Subject(
    "performance",
    PerformanceSample,
    _PERFORMANCE,
    gettext_lazy("Performance, from the newest"),
    gettext_lazy(
        "No performance was reported in this time. The first values come when a bucket of five "
        "minutes closes."
    ),
)
CONNECTIVITY = Subject(
    "connectivity",
    ConnectivitySample,
    _CONNECTIVITY,
    gettext_lazy("Connectivity, from the newest"),
    gettext_lazy("No measures of a network were reported in this time."),
)

Point = Mapping[str, float | None]


def draw(subject: Subject, device: Device, now: datetime, chosen: str) -> dict[str, Any]:
    """Return charts and table of a device. Cost: 2 queries, at most some 300 points."""
    chosen = chosen if chosen in RANGES else DEFAULT_RANGE
    span = RANGES[chosen]
    points = read(subject, device, now - span.length, span.step)
    rows = read(subject, device, now - span.length, span.rows)
    shown = [chart for chart in subject.charts if _has_values(chart, points)]
    moments = _moments(now, span)
    return {
        "name": subject.name,
        "empty": subject.empty,
        "ranges": [(name, other.title, name == chosen) for name, other in RANGES.items()],
        "charts": [
            {"chart": chart, "data": _data(chart, moments, points, span)} for chart in shown
        ],
        "table": _table(subject, shown, rows, span),
        "zone": timezone.get_current_timezone_name(),
    }


def read(subject: Subject, device: Device, since: datetime, step: str) -> dict[datetime, Point]:
    """Return means and peaks by moment, oldest first. Cost: 1 query."""
    slot = Trunc("bucket", step) if step else F("bucket")
    sums: dict[str, Any] = {}
    for chart in subject.charts:
        for line in chart.lines:
            column = line.column
            sums[f"{column}_total"] = Sum(f"{column}_sum")
            sums[f"{column}_readings"] = Sum(f"{column}_count")
            sums[f"{column}_peak"] = Max(f"{column}_max")
    rows = (
        subject.model.objects.kept()
        .filter(device=device, bucket__gte=since)
        .values(slot=slot)
        .annotate(**sums)
        .order_by("slot")
    )
    found: dict[datetime, Point] = {}
    for row in rows:
        values: dict[str, Any] = dict(row)
        found[values.pop("slot")] = values
    return found


def value(line: Line, point: Point) -> float | None:
    """Return the value of a line at a point, in the stored unit; None where nothing was read."""
    if line.is_peak:
        return point[f"{line.column}_peak"]
    total, readings = point[f"{line.column}_total"], point[f"{line.column}_readings"]
    return total / readings if total is not None and readings else None


def _moments(now: datetime, span: Range) -> list[datetime]:
    """Return every moment of the span, those without data too: a gap is shown as one."""
    seconds = int(span.step_length.total_seconds())
    last = int(now.timestamp()) // seconds * seconds
    number = int(span.length / span.step_length)
    zone = timezone.get_current_timezone()
    return [
        datetime.fromtimestamp(last - seconds * back, tz=zone) for back in reversed(range(number))
    ]


def _data(
    chart: Chart, moments: Sequence[datetime], points: Mapping[datetime, Point], span: Range
) -> str:
    """Return what Unfold's script draws, as JSON."""
    form = "H:i" if span.length <= timedelta(days=1) else "D H:i"
    lines = [
        (line, [_number(line, points.get(moment)) for moment in moments]) for line in chart.lines
    ]
    datasets = [
        {
            "label": f"{line.title} ({chart.unit})",
            "data": numbers,
            "borderColor": line.colour,
            "backgroundColor": line.colour,
            "displayYAxis": True,
            "suffixYAxis": chart.unit,
            "maxTicksXLimit": 7,
            "tension": 0.2,
            "pointStyle": "circle",
            "pointRadius": _radii(numbers),
        }
        for line, numbers in lines
    ]
    labels = [locale_formats.date_format(moment, form) for moment in moments]
    return json.dumps({"labels": labels, "datasets": datasets}, default=str)


def _radii(numbers: Sequence[float | None]) -> list[int]:
    """Return a dot's size for each value: none on a line, some for a value that stands alone."""
    around = [None, *numbers, None]
    return [
        LONE_DOT if here is not None and before is None and after is None else 0
        for before, here, after in zip(around, numbers, around[2:], strict=False)
    ]


def _number(line: Line, point: Point | None) -> float | None:
    found = None if point is None else value(line, point)
    return None if found is None else round(found * line.factor, 2)


def _table(
    subject: Subject, charts: Sequence[Chart], rows: Mapping[datetime, Point], span: Range
) -> Table:
    heads = [f"{chart.title}: {line.title}" for chart in charts for line in chart.lines]
    form = "SHORT_DATETIME_FORMAT" if span.rows == "hour" else "SHORT_DATE_FORMAT"
    return Table(
        caption=subject.caption,
        columns=columns(_("From"), *heads, numbers=range(1, len(heads) + 1)),
        rows=[
            [
                locale_formats.date_format(timezone.localtime(moment), form),
                *(line.text(value(line, row)) for chart in charts for line in chart.lines),
            ]
            for moment, row in reversed(list(rows.items()))
        ],
    )


def _has_values(chart: Chart, points: Mapping[datetime, Point]) -> bool:
    return any(value(line, point) is not None for line in chart.lines for point in points.values())
