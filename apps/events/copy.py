"""COPY of one kind's records into its partitioned table, in the caller's transaction."""

import struct
from collections import Counter as Tally
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any

import msgspec
from django.db import DataError, IntegrityError, connection, transaction

from apps.events import codec, ids
from apps.events.choices import RefusalCode
from apps.events.errors import NoPartition
from apps.events.kinds import AnyKind, SampledKind
from apps.events.metrics import Gauge, Metric
from apps.events.policy import Policy
from apps.events.refusals import Refused

HEADER = b"PGCOPY\n\xff\r\n\x00" + bytes(8)
TRAILER = struct.pack(">h", -1)
CHECK_VIOLATION = "23514"


@dataclass(frozen=True, slots=True)
class Row:
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
    """Encoder of one kind under one policy; what the policy denies becomes null, counted."""

    def __init__(self, kind: AnyKind, policy: Policy) -> None:
        self.kind = kind
        model = kind.model._meta
        self.fields = [
            (
                name,
                codec.for_field(model.get_field(name)),
                _denying(policy, kind.field_switches.get(name)),
            )  # type: ignore[arg-type]
            for name in kind.field_names
        ]
        self.metrics = [
            (
                name,
                _metric_codec(metric),
                codec.NULL * len(metric.high_resolution),
                _denying(policy, metric.switch),
            )
            for name, metric in _metrics(kind).items()
        ]

    @staticmethod
    @lru_cache(maxsize=512)
    def cached(kind_name: str, denied: frozenset[str]) -> "RowEncoder":
        """Return the encoder of a kind with these switches denied."""
        from apps.events import kinds

        kind = kinds.find(kind_name)
        assert kind is not None
        every = {s for s in _switches(kind) if s is not None}
        return RowEncoder(kind, Policy({s: "off" if s in denied else "on" for s in every}))

    def columns(self, constants: Iterable[str]) -> list[str]:
        """Return the columns in the order in which `encode` writes them."""
        metrics = _metrics(self.kind)
        return [
            "id",
            self.kind.model.TIME_FIELD,
            *constants,
            *(f"{column}_id" for column in self.kind.dimensions),
            *(name for name, _, _ in self.fields),
            *(f"{name}_{part}" for name in metrics for part in metrics[name].high_resolution),
        ]

    def encode(self, rows: Sequence[Row], constants: bytes, count: int) -> Encoded:
        """Encode `rows`; a value that cannot be stored refuses its own record.

        constants: the encoded values that all rows share; count: how many columns there are.
        """
        out = Encoded()
        head = struct.pack(">h", count)
        for row, row_id in zip(rows, ids.draw(len(rows)), strict=True):
            parts = [head, codec.int8(row_id), codec.timestamptz(row.time), constants]
            parts += [codec.NULL if i is None else codec.int8(i) for i in row.references]
            try:
                self._add_fields(parts, row.record.fields, out.dropped)
                if self.metrics:
                    self._add_metrics(parts, row.record.metrics, out.dropped)
            except Refused as refused:
                out.refused.append((row.index, refused))
            else:
                out.rows.append((row.index, b"".join(parts)))
        return out

    def _add_fields(self, parts: list[bytes], fields: msgspec.Struct, dropped: Tally[str]) -> None:
        for (name, encode, denied_by), value in zip(
            self.fields, msgspec.structs.astuple(fields), strict=True
        ):
            if value is None:
                parts.append(codec.NULL)
            elif denied_by:
                parts.append(codec.NULL)
                dropped[denied_by] += 1
            else:
                try:
                    parts.append(encode(value))
                except Refused as refused:
                    raise Refused(RefusalCode(refused.code), "fields", name) from refused

    def _add_metrics(
        self, parts: list[bytes], metrics: msgspec.Struct, dropped: Tally[str]
    ) -> None:
        values = msgspec.structs.astuple(metrics)
        for (name, encode, absent, denied_by), value in zip(self.metrics, values, strict=True):
            if value is None:
                parts.append(absent)
            elif denied_by:
                parts.append(absent)
                dropped[denied_by] += 1
            else:
                try:
                    parts.append(encode(value))
                except Refused as refused:
                    path = ("metrics", name, *refused.path)
                    raise Refused(RefusalCode(refused.code), *path) from refused


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
    denied = frozenset(s for s in _switches(kind) if s is not None and not policy.allows(s))
    encoder = RowEncoder.cached(kind.name, denied)
    columns = encoder.columns(constants)
    meta = kind.model._meta
    shared = b"".join(
        codec.NULL if value is None else codec.for_field(_by_column(meta, name))(value)
        for name, value in constants.items()
    )
    encoded = encoder.encode(rows, shared, len(columns))
    copied = Copied(refused=encoded.refused, dropped=encoded.dropped)
    sql = f"COPY {meta.db_table} ({', '.join(columns)}) FROM STDIN (FORMAT binary)"
    if careful:
        _copy_one_by_one(sql, encoded.rows, copied)
    elif encoded.rows:
        _copy(sql, b"".join(data for _, data in encoded.rows))
        copied.stored = len(encoded.rows)
    return copied


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
        with connection.cursor() as cursor, cursor.copy(sql) as copy:
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


def _by_column(meta: Any, column: str) -> Any:
    return next(f for f in meta.concrete_fields if f.column == column)
