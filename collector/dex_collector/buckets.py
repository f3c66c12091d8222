"""Buckets: readings of 5 or 15 minutes become one record per combination of dimensions."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from dex_collector import batch
from dex_collector.batch import Record
from dex_collector.clock import to_text
from dex_collector.probes.base import Sample

# Constants of the protocol, not settings. Rows about persons are never finer than 900 s.
SECONDS = {
    "device_performance.events": 300,
    "connectivity.events": 300,
    "execution.events": 900,
    "session.events": 900,
    "connection.events": 900,
}


def bucket_start(moment: datetime, seconds: int) -> datetime:
    """Return the start of the bucket around `moment`: multiples of its length in UTC."""
    stamp = int(moment.timestamp())
    return datetime.fromtimestamp(stamp - stamp % seconds, tz=UTC)


@dataclass(slots=True)
class Gauge:
    """The values of one gauge in a bucket."""

    sum: float
    count: int
    min: float
    max: float

    def add(self, other: "Gauge") -> None:
        """Add the values of another gauge."""
        self.sum += other.sum
        self.count += other.count
        self.min = min(self.min, other.min)
        self.max = max(self.max, other.max)


@dataclass(slots=True)
class Row:
    """One combination of dimensions in the open bucket. Fields hold the last value."""

    user: Mapping[str, str] | None = None
    binary: Mapping[str, str] | None = None
    fields: dict[str, Any] = field(default_factory=dict)
    gauges: dict[str, Gauge] = field(default_factory=dict)
    counters: dict[str, int] = field(default_factory=dict)

    def add(self, sample: Sample) -> None:
        """Add one reading."""
        self.fields.update(sample.fields)
        for name, value in sample.gauges.items():
            self._add_gauge(name, Gauge(sum=value, count=1, min=value, max=value))
        for name, amount in sample.counters.items():
            self.counters[name] = self.counters.get(name, 0) + amount

    def merge(self, other: "Row") -> None:
        """Add another row of the same bucket."""
        for name, gauge in other.gauges.items():
            self._add_gauge(name, gauge)
        for name, amount in other.counters.items():
            self.counters[name] = self.counters.get(name, 0) + amount

    def _add_gauge(self, name: str, gauge: Gauge) -> None:
        if name in self.gauges:
            self.gauges[name].add(gauge)
        else:
            self.gauges[name] = Gauge(gauge.sum, gauge.count, gauge.min, gauge.max)

    def record(self, kind: str, start: datetime, seconds: int) -> Record:
        """Return the record of a closed bucket."""
        metrics: dict[str, dict[str, float]] = {
            name: {
                "sum": _short(g.sum),
                "count": g.count,
                "min": _short(g.min),
                "max": _short(g.max),
            }
            for name, g in self.gauges.items()
        }
        metrics |= {name: {"sum": amount} for name, amount in self.counters.items()}
        record: Record = {"kind": kind, "bucket": to_text(start), "bucket_s": seconds}
        if self.user is not None:
            record["user"] = dict(self.user)
        if self.binary is not None:
            record["binary"] = dict(self.binary)
        if self.fields:
            record["fields"] = self.fields
        return {**record, "metrics": metrics}


def _short(value: float) -> float:
    """Return a value with 6 decimals, more than any sensor has; whole numbers stay whole."""
    return value if isinstance(value, int) else round(value, 6)


Fold = Callable[[list[Row]], list[Row]]


class Buckets:
    """The open buckets of all sampled kinds; at most one per kind."""

    def __init__(self, folds: Mapping[str, Fold]) -> None:
        """Take what shortens the rows of a kind at its close."""
        self._folds = folds
        self._open: dict[str, tuple[datetime, dict[str, Row]]] = {}

    def add(self, sample: Sample, now: datetime) -> list[Record]:
        """Add a reading; return the records of the bucket that it closes, if any."""
        closed: list[Record] = []
        start = bucket_start(now, SECONDS[sample.kind])
        if sample.kind in self._open and self._open[sample.kind][0] != start:
            closed = self._close(sample.kind)
        _, rows = self._open.setdefault(sample.kind, (start, {}))
        members = {"user": sample.user, "binary": sample.binary, "fields": sample.fields}
        key = batch.to_json(batch.row_key({"kind": sample.kind, **members}))
        row = rows.setdefault(key, Row(user=sample.user, binary=sample.binary))
        row.add(sample)
        return closed

    def close_ended(self, now: datetime) -> list[Record]:
        """Close buckets whose time is over; also those ahead of a clock that was set back."""
        ended = [
            kind
            for kind, (start, _) in self._open.items()
            if not start <= now < start + timedelta(seconds=SECONDS[kind])
        ]
        return [record for kind in ended for record in self._close(kind)]

    def close_all(self) -> list[Record]:
        """Close every bucket with what it has: the collector stops."""
        return [record for kind in list(self._open) for record in self._close(kind)]

    def seconds_to_close(self, now: datetime) -> float:
        """Return the time until the next bucket ends, at most 900 s."""
        ends = [start + timedelta(seconds=SECONDS[k]) for k, (start, _) in self._open.items()]
        return min([(end - now).total_seconds() for end in ends], default=900.0)

    def _close(self, kind: str) -> list[Record]:
        start, rows = self._open.pop(kind)
        fold = self._folds.get(kind)
        kept = list(rows.values()) if fold is None else fold(list(rows.values()))
        return [row.record(kind, start, SECONDS[kind]) for row in kept]
