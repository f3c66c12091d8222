"""Rows of one kind as PostgreSQL's binary COPY takes them.

A row is a copy of a template of nulls, in which the values that are there take their places: most
of the many metrics of a row are absent.
"""

import struct
from collections import Counter as Tally
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple

import msgspec

from apps.events import codec, ids, kinds
from apps.events.choices import RefusalCode
from apps.events.kinds import AnyKind, SampledKind
from apps.events.metrics import Gauge, Metric
from apps.events.policy import Policy
from apps.events.refusals import Refused

FIRST_SLOT = 2  # before it: what rows share, and references


class Row(NamedTuple):
    """One record that is to be stored: its place in the batch, time, references and content."""

    position: int  # in the batch's `events`
    time: datetime
    references: tuple[int | None, ...]  # in the order of the kind's dimensions
    record: Any


@dataclass(slots=True)
class LeftOut:
    """What was not encoded: whole records, and single values by the switch that forbids them."""

    refused: list[tuple[int, Refused]] = field(default_factory=list)
    dropped: Tally[str] = field(default_factory=Tally)


@dataclass(frozen=True, slots=True)
class _Slot:
    """One field or metric of a kind: its codec, and the switch that denies it, if one does."""

    name: str
    encode: codec.Codec
    nulls: bytes
    denied_by: str | None


class _Layout:
    """The slots of a record's `fields` or `metrics`, in the order of their struct."""

    def __init__(self, member: str, first: int, slots: list[_Slot]) -> None:
        self.member = member
        self.first = first  # place in a row
        self.slots = slots
        self.encoders = [_nothing(slot) if slot.denied_by else slot.encode for slot in slots]
        self.denied = [(n, slot.denied_by) for n, slot in enumerate(slots) if slot.denied_by]

    def put(self, row: list[bytes], struct_: msgspec.Struct, dropped: Tally[str]) -> None:
        """Put the values that are there into their places; count those that are denied.

        Raises:
            Refused: one cannot be stored; points at it.
        """
        values = msgspec.structs.astuple(struct_)
        number = 0
        try:
            for number, value in enumerate(values):
                if value is not None:
                    row[self.first + number] = self.encoders[number](value)
        except Refused as refused:
            path = (self.member, self.slots[number].name, *refused.path)
            raise Refused(RefusalCode(refused.code), *path) from refused
        for number, switch in self.denied:
            if values[number] is not None:
                dropped[switch] += 1


class Encoding:
    """How rows of one kind are written under one policy, with these constant columns."""

    def __init__(self, kind: AnyKind, denied: frozenset[str], constants: Sequence[str]) -> None:
        columns: Mapping[str, Any] = {str(f.column): f for f in kind.model._meta.concrete_fields}
        self.constants = [(column, codec.for_field(columns[column])) for column in constants]
        fields = [
            _Slot(
                n,
                codec.for_field(columns[n]),
                codec.NULL,
                _denying(denied, kind.field_switches.get(n)),
            )
            for n in kind.field_names
        ]
        metrics = [
            _Slot(n, _codec_of(m), codec.NULL * len(m.high_resolution), _denying(denied, m.switch))
            for n, m in _metrics(kind).items()
        ]
        self.fields = _Layout("fields", FIRST_SLOT, fields)
        self.metrics = _Layout("metrics", FIRST_SLOT + len(fields), metrics)
        self.template = [b""] * FIRST_SLOT + [slot.nulls for slot in fields + metrics]
        names = _columns(kind, constants)
        self.head = struct.pack(">h", len(names))
        self.statement = (
            f"COPY {kind.model._meta.db_table} ({', '.join(names)}) FROM STDIN (FORMAT binary)"
        )

    def encode(
        self, rows: Sequence[Row], constants: Mapping[str, Any], left_out: LeftOut
    ) -> Iterator[tuple[int, bytes]]:
        """Yield index and bytes of each row that can be stored; note the rest in `left_out`."""
        shared = b"".join(
            codec.NULL if constants[column] is None else encode(constants[column])
            for column, encode in self.constants
        )
        times: dict[datetime, bytes] = {}  # a batch has few
        for row, row_id in zip(rows, ids.draw(len(rows)), strict=True):
            if row.time not in times:
                times[row.time] = codec.timestamptz(row.time) + shared
            slots = self.template.copy()
            slots[0] = self.head + codec.known_id(row_id) + times[row.time]
            slots[1] = b"".join(map(codec.known_id, row.references))
            try:
                self.fields.put(slots, row.record.fields, left_out.dropped)
                if self.metrics.slots:
                    self.metrics.put(slots, row.record.metrics, left_out.dropped)
            except Refused as refused:
                left_out.refused.append((row.position, refused))
            else:
                yield row.position, b"".join(slots)


def encoding_of(kind: AnyKind, policy: Policy, constants: Iterable[str]) -> Encoding:
    """Return the encoding of a kind under a policy; made once per process for equal policies."""
    denied = frozenset(s for s in _switches(kind) if not policy.allows(s))
    return _cached(kind.name, denied, tuple(constants))


@lru_cache(maxsize=512)
def _cached(kind_name: str, denied: frozenset[str], constants: tuple[str, ...]) -> Encoding:
    kind = kinds.find(kind_name)
    assert kind is not None  # its rows come from a kind that was found
    return Encoding(kind, denied, constants)


def _nothing(slot: _Slot) -> codec.Codec:
    return lambda _value: slot.nulls


def _columns(kind: AnyKind, constants: Iterable[str]) -> list[str]:
    """Return the columns in the order in which a row writes them."""
    metrics = _metrics(kind)
    return [
        "id",
        kind.model.TIME_FIELD,
        *constants,
        *(f"{column}_id" for column in kind.dimensions),
        *kind.field_names,
        *(f"{name}_{part}" for name in metrics for part in metrics[name].high_resolution),
    ]


def _metrics(kind: AnyKind) -> Mapping[str, Metric]:
    return kind.metrics if isinstance(kind, SampledKind) else {}


def _switches(kind: AnyKind) -> set[str]:
    every = {*kind.field_switches.values(), *(metric.switch for metric in _metrics(kind).values())}
    return {switch for switch in every if switch is not None}


def _denying(denied: frozenset[str], switch: str | None) -> str | None:
    return switch if switch in denied else None


def _codec_of(metric: Metric) -> codec.Codec:
    if isinstance(metric, Gauge):
        return codec.float_gauge if metric.is_float else codec.int_gauge
    return codec.float_counter if metric.is_float else codec.int_counter
