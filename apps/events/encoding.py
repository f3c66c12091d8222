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

    index: int
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
    columns: int
    denied_by: str | None


class Encoding:
    """How rows of one kind are written under one policy, with these constant columns."""

    def __init__(self, kind: AnyKind, denied: frozenset[str], constants: Sequence[str]) -> None:
        fields: Mapping[str, Any] = {f.column: f for f in kind.model._meta.concrete_fields}
        self.constants = [(column, codec.for_field(fields[column])) for column in constants]
        self.fields = [
            _Slot(n, codec.for_field(fields[n]), 1, _denying(denied, kind.field_switches.get(n)))
            for n in kind.field_names
        ]
        self.metrics = [
            _Slot(n, _codec_of(m), len(m.high_resolution), _denying(denied, m.switch))
            for n, m in _metrics(kind).items()
        ]
        nulls = [codec.NULL * slot.columns for slot in self.fields + self.metrics]
        self.template = [b""] * FIRST_SLOT + nulls
        columns = _columns(kind, constants)
        self.head = struct.pack(">h", len(columns))
        self.statement = (
            f"COPY {kind.model._meta.db_table} ({', '.join(columns)}) FROM STDIN (FORMAT binary)"
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
                self._fill(slots, row.record, left_out.dropped)
            except Refused as refused:
                left_out.refused.append((row.index, refused))
            else:
                yield row.index, b"".join(slots)

    def _fill(self, slots: list[bytes], record: Any, dropped: Tally[str]) -> None:
        _put(slots, FIRST_SLOT, self.fields, record.fields, "fields", dropped)
        if self.metrics:
            first = FIRST_SLOT + len(self.fields)
            _put(slots, first, self.metrics, record.metrics, "metrics", dropped)


def encoding_of(kind: AnyKind, policy: Policy, constants: Iterable[str]) -> Encoding:
    """Return the encoding of a kind under a policy; made once per process for equal policies."""
    denied = frozenset(s for s in _switches(kind) if not policy.allows(s))
    return _cached(kind.name, denied, tuple(constants))


@lru_cache(maxsize=512)
def _cached(kind_name: str, denied: frozenset[str], constants: tuple[str, ...]) -> Encoding:
    kind = kinds.find(kind_name)
    assert kind is not None  # its rows come from a kind that was found
    return Encoding(kind, denied, constants)


def _put(
    slots: list[bytes],
    first: int,
    layout: list[_Slot],
    values: msgspec.Struct,
    member: str,
    dropped: Tally[str],
) -> None:
    """Put the values that are there into their slots, from `first` on."""
    for number, value in enumerate(msgspec.structs.astuple(values)):
        if value is None:
            continue
        slot = layout[number]
        if slot.denied_by:
            dropped[slot.denied_by] += 1
            continue
        try:
            slots[first + number] = slot.encode(value)
        except Refused as refused:
            path = (member, slot.name, *refused.path)
            raise Refused(RefusalCode(refused.code), *path) from refused


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
