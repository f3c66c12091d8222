"""Registry of event kinds: what a record of a kind looks like, and where its rows go."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Annotated, Any, Literal, TypeAlias

import msgspec
from django.core.exceptions import ImproperlyConfigured

from apps.core.decoding import decoder_of
from apps.events.choices import Retention
from apps.events.constants import FLOAT_MAX, INT8_MAX
from apps.events.metrics import Counter, Gauge, Metric
from apps.events.models import DailyEvent, Event
from apps.events.policy import Policy
from apps.nql import reader

Instant = Annotated[datetime, msgspec.Meta(tz=True)]
Amount = Annotated[int, msgspec.Meta(ge=0, le=INT8_MAX)]
FloatAmount = Annotated[float, msgspec.Meta(ge=0, le=FLOAT_MAX)]
SignedAmount = Annotated[float, msgspec.Meta(ge=-FLOAT_MAX, le=FLOAT_MAX)]
Readings = Annotated[int, msgspec.Meta(ge=1, le=INT8_MAX)]


class NoFields(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The `fields` of a kind that has none."""


class IntCounter(msgspec.Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """A counter on the wire."""

    sum: Amount


class IntGauge(msgspec.Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """A gauge of whole numbers on the wire."""

    sum: Amount
    count: Readings
    min: Amount
    max: Amount


class FloatCounter(msgspec.Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """A counter of fractions on the wire."""

    sum: FloatAmount


class FloatGauge(msgspec.Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """A gauge of fractions on the wire."""

    sum: FloatAmount
    count: Readings
    min: FloatAmount
    max: FloatAmount


class SignedGauge(msgspec.Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """A gauge on the wire whose readings may lie below 0, such as a signal in dBm."""

    sum: SignedAmount
    count: Readings
    min: SignedAmount
    max: SignedAmount


Permitted = Callable[[Any, Policy], Any]
Derive = Callable[[Any], Any]
Accepts = Callable[[Mapping[str, Mapping[str, Any] | None], Policy], bool]


@dataclass(frozen=True, kw_only=True)
class Kind:
    """What all kinds have.

    name: that of the NQL table that shows the rows.
    model: the event table; must have a column `device_id`.
    fields: struct of the record's plain fields; its members are columns of `model`.
    dimensions: column of `model` -> record member's dictionary in the batch, as in
        {"user": "users"}; the column is a foreign key of that name.
    required: the dimensions without which a record means nothing.
    switch: what the kind as a whole requires of the policy.
    field_switches: plain field -> what it alone requires of the policy, see `Policy.allows`.
    permitted: plain field -> its switch, and what of a value that switch leaves; a loss is counted.
    derived: column -> what the server makes of the record's fields; `field_switches` holds for it.
    accepts: switch -> whether its list lets in what the switch alone denies of a record, by what
        the record refers to (dimension -> its row).
    work_hours_fields: plain fields that are left out outside work hours: they tell where people are.
    retention: class of the rows (privacy.md 6).
    is_about_people: a row means nothing without its user: outside work hours it is dropped.
    is_derived: the server alone writes the rows; a record that claims to be one is unknown.
    on_stored: called with the device, the rows and the policy, in their transaction, to bring
        forward what an object remembers of its events (the last boot); must bear a repeat.
    """

    name: str
    model: type[Event]
    fields: type[msgspec.Struct] = NoFields
    dimensions: Mapping[str, str] = field(default_factory=dict)
    required: tuple[str, ...] = ()
    switch: str | None = None
    field_switches: Mapping[str, str] = field(default_factory=dict)
    permitted: Mapping[str, tuple[str, Permitted]] = field(default_factory=dict)
    derived: Mapping[str, Derive] = field(default_factory=dict)
    accepts: Mapping[str, Accepts] = field(default_factory=dict)
    work_hours_fields: tuple[str, ...] = ()
    retention: Retention = Retention.OPERATIONAL
    is_about_people: bool = False
    is_derived: bool = False
    on_stored: Callable[[int, Sequence[Any], Policy], None] | None = None

    @property
    def decoder(self) -> msgspec.json.Decoder[Any]:
        """Return the decoder of one record."""
        return decoder_of(self.record_type)

    @cached_property
    def record_type(self) -> type[msgspec.Struct]:
        """Return the struct of one record: time, references, fields and, if sampled, metrics."""
        return msgspec.defstruct(
            "Record",
            [*self._time_members(), *self._references(), *self._payload()],
            tag_field="kind",
            tag=self.name,
            forbid_unknown_fields=True,
            kw_only=True,
            gc=False,
        )

    @cached_property
    def columns(self) -> frozenset[str]:
        """Return the columns of the event table."""
        return frozenset(str(field.column) for field in self.model._meta.concrete_fields)

    @property
    def field_names(self) -> tuple[str, ...]:
        return self.fields.__struct_fields__

    def metrics_under(self, switch: str) -> tuple[str, ...]:
        """Return the metrics that require `switch`; a kind without metrics has none."""
        return ()

    def _time_members(self) -> list[tuple[Any, ...]]:
        raise NotImplementedError

    def _references(self) -> list[tuple[Any, ...]]:
        return [(column, int | None, None) for column in self.dimensions]

    def _payload(self) -> list[tuple[Any, ...]]:
        return (
            [("fields", self.fields, msgspec.field(default_factory=self.fields))]
            if (self._fields_may_be_missing())
            else [("fields", self.fields)]
        )

    def _fields_may_be_missing(self) -> bool:
        return all(not info.required for info in msgspec.structs.fields(self.fields))


@dataclass(frozen=True, kw_only=True)
class PunctualKind(Kind):
    """Occurrences, exact in time."""

    def _time_members(self) -> list[tuple[Any, ...]]:
        return [("occurred_at", Instant)]


@dataclass(frozen=True, kw_only=True)
class SampledKind(Kind):
    """Time buckets of measures.

    bucket_seconds: a constant of the protocol, not a setting.
    metrics: by name without aggregate suffix.
    daily_model: its rows of one day, recomputed by `rollups`; None where samples are all there is.
        A plain field that it lacks is not rolled up.
    key_fields: plain fields that belong to the key of a day; others hold the last value.
    """

    bucket_seconds: int
    metrics: Mapping[str, Metric]
    daily_model: type[DailyEvent] | None = None
    key_fields: tuple[str, ...] = ()
    retention: Retention = Retention.HIGHRES
    daily_retention: Retention = Retention.DAILY

    @cached_property
    def metrics_type(self) -> type[msgspec.Struct]:
        """Return the struct of the record's `metrics`: every one may be absent."""
        return msgspec.defstruct(
            "Metrics",
            [(name, _on_the_wire(metric) | None, None) for name, metric in self.metrics.items()],
            forbid_unknown_fields=True,
            frozen=True,
            gc=False,
        )

    def metrics_under(self, switch: str) -> tuple[str, ...]:
        return tuple(name for name, metric in self.metrics.items() if metric.switch == switch)

    def _time_members(self) -> list[tuple[Any, ...]]:
        return [("bucket", Instant), ("bucket_s", Literal[self.bucket_seconds])]  # type: ignore[name-defined]

    def _payload(self) -> list[tuple[Any, ...]]:
        return [("metrics", self.metrics_type), *super()._payload()]


AnyKind: TypeAlias = PunctualKind | SampledKind

_kinds: dict[str, AnyKind] = {}


def _on_the_wire(metric: Metric) -> type[msgspec.Struct]:
    if isinstance(metric, Gauge):
        if metric.is_signed:
            return SignedGauge
        return FloatGauge if metric.is_float else IntGauge
    return FloatCounter if metric.is_float else IntCounter


def register(kind: AnyKind) -> None:
    """Add `kind`; called from the module `events` of an app, imported in `ready()`.

    Raises:
        ImproperlyConfigured: the name is taken, or the model lacks a column that is needed.
    """
    if kind.name in _kinds:
        raise ImproperlyConfigured(f"Event kind {kind.name} is registered twice.")
    columns = {f.attname for f in kind.model._meta.concrete_fields}
    needed = {
        "device_id",
        *kind.field_names,
        *kind.derived,
        *(f"{column}_id" for column in kind.dimensions),
    }
    if isinstance(kind, SampledKind):
        needed |= {f"{n}_{a}" for n, m in kind.metrics.items() for a in m.high_resolution}
    if missing := sorted(needed - columns):
        raise ImproperlyConfigured(f"{kind.model.__name__} of {kind.name} lacks {missing}.")
    _kinds[kind.name] = kind
    if isinstance(kind, SampledKind) and kind.daily_model is not None:
        reader.may_read(kind.daily_model)


def find(name: str) -> AnyKind | None:
    """Return the kind of that name, None if nobody registered it."""
    return _kinds.get(name)


def of_record(record: msgspec.Struct) -> AnyKind:
    """Return the kind of a decoded record."""
    return _kinds[record.__struct_config__.tag]  # type: ignore[index]


def registered() -> Iterator[AnyKind]:
    """Yield every kind, in the order of registration: lower apps first."""
    yield from _kinds.values()


def received() -> Iterator[AnyKind]:
    """Yield the kinds that collectors send."""
    yield from (kind for kind in _kinds.values() if not kind.is_derived)


def sampled() -> Iterator[SampledKind]:
    """Yield the kinds that have daily rows."""
    for kind in _kinds.values():
        if isinstance(kind, SampledKind) and kind.daily_model is not None:
            yield kind


def event_models() -> Iterator[tuple[type[Event], Retention]]:
    """Yield every event table once, with its retention class."""
    seen: set[type[Event]] = set()
    for kind in _kinds.values():
        pairs: list[tuple[type[Event], Retention]] = [(kind.model, kind.retention)]
        if isinstance(kind, SampledKind) and kind.daily_model is not None:
            pairs.append((kind.daily_model, kind.daily_retention))
        for model, retention in pairs:
            if model not in seen:
                seen.add(model)
                yield model, retention


__all__ = [
    "AnyKind",
    "Counter",
    "Gauge",
    "Kind",
    "PunctualKind",
    "SampledKind",
    "event_models",
    "find",
    "received",
    "register",
    "registered",
    "sampled",
]
