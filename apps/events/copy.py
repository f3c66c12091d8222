"""COPY of one kind's records into its partitioned table, in the caller's transaction."""

import struct
from collections import Counter as Tally
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple

import msgspec
from django.db import DataError, IntegrityError, connection, transaction

from apps.events import codec, ids, kinds
from apps.events.choices import RefusalCode
from apps.events.errors import NoPartition
from apps.events.kinds import AnyKind, SampledKind
from apps.events.metrics import Gauge, Metric
from apps.events.policy import Policy
from apps.events.refusals import Refused

HEADER = b"PGCOPY\n\xff\r\n\x00" + bytes(8)
TRAILER = struct.pack(">h", -1)
CHECK_VIOLATION = "23514"


class Row(NamedTuple):
    """One record that is to be stored: its place in the batch, time, references and content."""

    index: int
    time: datetime
    references: tuple[int | None, ...]  # in the order of the kind's dimensions
    record: Any


@dataclass(slots=True)
class Encoded:
    """Rows as COPY takes them, and what was left out of them."""

    rows: list[tuple[int, bytes]] = field(default_factory=list)
    refused: list[tuple[int, Refused]] = field(default_factory=list)
    dropped: Tally[str] = field(default_factory=Tally)  # by switch: values that it forbids


class RowEncoder:
    """Encoder of one kind under one policy; what the policy denies becomes null, counted.

    A row is a copy of a template of nulls, in which the values that are there take their places:
    most of the many metrics of a row are absent.
    """

    def __init__(self, kind: AnyKind, policy: Policy) -> None:
        self.kind = kind
        get_field: Any = kind.model._meta.get_field
        self.fields = [
            _Slot(
                name,
                codec.for_field(get_field(name)),
                1,
                _denying(policy, kind.field_switches.get(name)),
            )
            for name in kind.field_names
        ]
        self.metrics = [
            _Slot(name, _metric_codec(m), len(m.high_resolution), _denying(policy, m.switch))
            for name, m in _metrics(kind).items()
        ]
        self.template = [
            b"",
            b"",
            *(codec.NULL * slot.columns for slot in self.fields + self.metrics),
        ]
        self.first_metric = 2 + len(self.fields)

    def columns(self, constants: Iterable[str]) -> list[str]:
        """Return the columns in the order in which `encode` writes them."""
        metrics = _metrics(self.kind)
        return [
            "id",
            self.kind.model.TIME_FIELD,
            *constants,
            *(f"{column}_id" for column in self.kind.dimensions),
            *(slot.name for slot in self.fields),
            *(f"{name}_{part}" for name in metrics for part in metrics[name].high_resolution),
        ]

    def encode(self, rows: Sequence[Row], constants: bytes, count: int) -> Encoded:
        """Encode `rows`; a value that cannot be stored refuses its own record.

        constants: the encoded values that all rows share; count: how many columns there are.
        """
        out = Encoded()
        head = struct.pack(">h", count)
        times: dict[datetime, bytes] = {}  # a batch has few
        for row, row_id in zip(rows, ids.draw(len(rows)), strict=True):
            if row.time not in times:
                times[row.time] = codec.timestamptz(row.time) + constants
            slots = self.template.copy()
            slots[0] = head + codec.known_id(row_id) + times[row.time]
            slots[1] = b"".join(map(codec.known_id, row.references))
            try:
                self._fill(slots, 2, self.fields, row.record.fields, "fields", out.dropped)
                if self.metrics:
                    self._fill(
                        slots,
                        self.first_metric,
                        self.metrics,
                        row.record.metrics,
                        "metrics",
                        out.dropped,
                    )
            except Refused as refused:
                out.refused.append((row.index, refused))
            else:
                out.rows.append((row.index, b"".join(slots)))
        return out

    @staticmethod
    def _fill(
        slots: list[bytes],
        first: int,
        layout: list["_Slot"],
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


@dataclass(frozen=True, slots=True)
class _Slot:
    """One field or metric of a kind: its codec, and the switch that denies it, if one does."""

    name: str
    encode: codec.Codec
    columns: int
    denied_by: str | None


@dataclass(slots=True)
class Copied:
    """What became of one kind's rows."""

    stored: int = 0
    refused: list[tuple[int, Refused]] = field(default_factory=list)
    dropped: Tally[str] = field(default_factory=Tally)


def copy_rows(
    kind: AnyKind,
    rows: Sequence[Row],
    *,
    policy: Policy,
    constants: Mapping[str, Any],
    careful: bool,
) -> Copied:
    """Store `rows`; return what was stored, refused and left out.

    constants: column -> value that all rows share, `device_id` among them.
    careful: each row in a savepoint of its own, so that one which only PostgreSQL refuses is
        refused alone; without it such a row raises DataError or IntegrityError for all.

    Raises:
        NoPartition: no partition holds a row's time; upkeep has not run.
    """
    sql, encoded = _encode(kind, rows, policy, constants)
    copied = Copied(refused=encoded.refused, dropped=encoded.dropped)
    if careful:
        _copy_one_by_one(sql, encoded.rows, copied)
    elif encoded.rows:
        _copy(sql, b"".join(data for _, data in encoded.rows))
        copied.stored = len(encoded.rows)
    return copied


def _encode(
    kind: AnyKind, rows: Sequence[Row], policy: Policy, constants: Mapping[str, Any]
) -> tuple[str, Encoded]:
    """Return the COPY statement and the rows as it takes them."""
    denied = frozenset(s for s in _switches(kind) if s is not None and not policy.allows(s))
    form = _form(kind.name, denied, tuple(constants))
    shared = b"".join(
        codec.NULL if value is None else encode(value)
        for encode, value in zip(form.codecs, constants.values(), strict=True)
    )
    return form.statement, form.encoder.encode(rows, shared, form.count)


class _Form(NamedTuple):
    """What the COPY of a kind looks like under one policy."""

    encoder: RowEncoder
    codecs: list[codec.Codec]  # of the constant columns
    statement: str
    count: int  # columns


@lru_cache(maxsize=512)
def _form(kind_name: str, denied: frozenset[str], constants: tuple[str, ...]) -> _Form:
    kind = kinds.find(kind_name)
    assert kind is not None
    every = {s for s in _switches(kind) if s is not None}
    encoder = RowEncoder(kind, Policy({s: "off" if s in denied else "on" for s in every}))
    columns = encoder.columns(constants)
    fields = {f.column: f for f in kind.model._meta.concrete_fields}
    statement = (
        f"COPY {kind.model._meta.db_table} ({', '.join(columns)}) FROM STDIN (FORMAT binary)"
    )
    codecs = [codec.for_field(fields[column]) for column in constants]
    return _Form(encoder, codecs, statement, len(columns))


def examples(
    kind: AnyKind,
    *,
    records: Sequence[Mapping[str, Any]],
    policy: Policy,
    constants: Mapping[str, Any],
) -> tuple[str, bytes]:
    """Return the COPY statement of `kind` and encoded rows, for benchmarks of the bare COPY.

    records: as a collector sends them; their references are taken for ids.
    """
    rows = []
    for index, record in enumerate(records):
        decoded = msgspec.convert(record, kind.record_type)
        ids_ = tuple(getattr(decoded, column) for column in kind.dimensions)
        rows.append(Row(index, getattr(decoded, kind.model.TIME_FIELD), ids_, decoded))
    statement, encoded = _encode(kind, rows, policy, constants)
    return statement, b"".join(data for _, data in encoded.rows)


def _copy_one_by_one(sql: str, rows: Sequence[tuple[int, bytes]], copied: Copied) -> None:
    for index, data in rows:
        try:
            with transaction.atomic():
                _copy(sql, data)
        except (DataError, IntegrityError):
            copied.refused.append((index, Refused(RefusalCode.NOT_STORABLE)))
        else:
            copied.stored += 1


def _copy(sql: str, data: bytes) -> None:
    try:
        # Django translates the errors of `execute`, not those of `copy`.
        with (
            connection.wrap_database_errors,
            connection.cursor() as cursor,
            cursor.copy(sql) as copy,
        ):
            copy.write(b"".join((HEADER, data, TRAILER)))
    except IntegrityError as error:
        cause = error.__cause__
        state = getattr(cause, "sqlstate", None)
        constraint = getattr(getattr(cause, "diag", None), "constraint_name", None)
        if state == CHECK_VIOLATION and constraint is None:  # "no partition of relation found"
            raise NoPartition from error
        raise


def _metrics(kind: AnyKind) -> Mapping[str, Metric]:
    return kind.metrics if isinstance(kind, SampledKind) else {}


def _switches(kind: AnyKind) -> set[str | None]:
    return {*kind.field_switches.values(), *(metric.switch for metric in _metrics(kind).values())}


def _denying(policy: Policy, switch: str | None) -> str | None:
    return None if policy.allows(switch) else switch


def _metric_codec(metric: Metric) -> codec.Codec:
    if isinstance(metric, Gauge):
        return codec.float_gauge if metric.is_float else codec.int_gauge
    return codec.float_counter if metric.is_float else codec.int_counter
