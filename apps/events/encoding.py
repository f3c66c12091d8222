"""Rows of one kind as PostgreSQL's binary COPY takes them.

A kind's columns are known when the process starts, so the function that writes its rows is made
then, as `dataclasses` makes its methods: a straight line of tests and packs for each row, half the
time of a loop over codecs. Ingest spends most of its Python here.
"""

import struct
from collections import Counter as Tally
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple

from apps.events import codec, ids, kinds
from apps.events.choices import RefusalCode
from apps.events.kinds import AnyKind, SampledKind
from apps.events.metrics import AGGREGATES, Gauge, Metric
from apps.events.policy import Policy, switch_of
from apps.events.refusals import Refused

Refuse = Callable[[tuple[int, Refused]], None]
Write = Callable[
    [Sequence["Row"], Sequence[int], Mapping[datetime, bytes], Policy, Tally[str], Refuse],
    Iterator[tuple[int, bytes]],
]


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


class Encoding:
    """How rows of one kind are written with these constant columns.

    denied: the requirements of its fields and metrics that do not hold.
    """

    def __init__(self, kind: AnyKind, denied: frozenset[str], constants: Sequence[str]) -> None:
        columns: Mapping[str, Any] = {str(f.column): f for f in kind.model._meta.concrete_fields}
        self.constants = [(column, codec.for_field(columns[column])) for column in constants]
        names = _columns(kind, constants)
        self.statement = (
            f"COPY {kind.model._meta.db_table} ({', '.join(names)}) FROM STDIN (FORMAT binary)"
        )
        self.write = _Writer(kind, denied, len(names)).made()

    def encode(
        self,
        rows: Sequence[Row],
        moments: Iterable[datetime],
        constants: Mapping[str, Any],
        policy: Policy,
        left_out: LeftOut,
    ) -> Iterator[tuple[int, bytes]]:
        """Return index and bytes of each row that can be stored; note the rest in `left_out`.

        moments: the times of the rows, each once: they are few.
        The ids are drawn now, the rows are encoded as they are asked for: a COPY may be under way
        then, on whose connection nothing else can be asked.
        """
        shared = b"".join(
            codec.NULL if constants[column] is None else encode(constants[column])
            for column, encode in self.constants
        )
        times = {moment: codec.timestamptz(moment) + shared for moment in moments}
        return self.write(
            rows, ids.draw(len(rows)), times, policy, left_out.dropped, left_out.refused.append
        )


def encoding_of(kind: AnyKind, policy: Policy, constants: Iterable[str]) -> Encoding:
    """Return the encoding of a kind under a policy; made once per process for equal policies."""
    denied = frozenset(
        need
        for need in _requirements(kind)
        # What a list does not let in was taken out before.
        if not (policy.allows(need) or (need in kind.accepts and policy.allows_listed(need)))
    )
    return _cached(kind.name, denied, tuple(constants))


@lru_cache(maxsize=512)
def _cached(kind_name: str, denied: frozenset[str], constants: tuple[str, ...]) -> Encoding:
    kind = kinds.find(kind_name)
    assert kind is not None  # its rows come from a kind that was found
    return Encoding(kind, denied, constants)


class _Writer:
    """The function that writes rows of a kind, as source text and what the text names."""

    def __init__(self, kind: AnyKind, denied: frozenset[str], column_count: int) -> None:
        self.kind = kind
        self.denied = denied
        self.lines: list[str] = []  # what is done with each row
        self.parts = [f"head({column_count}, 8, row_id)", "times[time]"]
        self.names: dict[str, Any] = {
            "Refused": Refused,
            "head": struct.Struct(">hiq").pack,  # number of columns, and the row's id
            "int8": struct.Struct(">iq").pack,
            "float8": struct.Struct(">id").pack,
            "int_gauge": struct.Struct(">iqiqiqiq").pack,
            "float_gauge": struct.Struct(">idiqidid").pack,
            "NULL": codec.NULL,
            "NULLS": codec.NULL * len(AGGREGATES),
            "upside_down": _upside_down,
        }

    def made(self) -> Write:
        """Return the function: it yields position and bytes of each row that can be stored.

        A value that cannot be stored refuses its row, pointing at it; what the policy takes away
        is counted in `dropped`.
        """
        self._add_references()
        self._add_fields()
        if isinstance(self.kind, SampledKind):
            self._add_metrics(self.kind)
        lines = [
            "def write(rows, row_ids, times, policy, dropped, refuse):",
            " for (position, time, references, record), row_id in zip(rows, row_ids, strict=True):",
            "  try:",
            *(f"   {line}" for line in self.lines),
            f"   yield position, b''.join(({', '.join(self.parts)},))",
            "  except Refused as refused:",
            "   refuse((position, refused))",
        ]
        # Every name in the text is a member of a registered kind, never one of a batch.
        exec("\n".join(lines), self.names)
        return self.names["write"]  # type: ignore[no-any-return]

    def _add_references(self) -> None:
        ids_ = [f"id{number}" for number in range(len(self.kind.dimensions))]
        if ids_:
            self.lines.append(f"{', '.join(ids_)}, = references")
        self.parts += [f"NULL if {name} is None else int8(8, {name})" for name in ids_]

    def _add_fields(self) -> None:
        columns = {str(f.column): f for f in self.kind.model._meta.concrete_fields}
        self.lines.append("fields = record.fields")
        for name in self.kind.field_names:
            encode = self._name(f"encode_{name}", _pointing(codec.for_field(columns[name]), name))
            if not self._is_denied(f"fields.{name}", self.kind.field_switches.get(name)):
                self.lines.append(f"value = fields.{name}")
                if name in self.kind.permitted:
                    self._permit(name)
                self._take(f"NULL if value is None else {encode}(value)")
            else:
                self._take("NULL")
        for name, derive in self.kind.derived.items():
            if self.kind.field_switches.get(name) in self.denied:
                self._take("NULL")
                continue
            encode = self._name(f"encode_{name}", codec.for_field(columns[name]))
            self.lines.append(f"value = {self._name(f'derive_{name}', derive)}(fields)")
            self._take(f"NULL if value is None else {encode}(value)")

    def _permit(self, name: str) -> None:
        """Leave of a value what its switch leaves; count what was taken."""
        need, permitted = self.kind.permitted[name]
        function = self._name(f"permitted_{name}", permitted)
        self.lines += [
            "if value is not None:",
            f"    left = {function}(value, policy)",
            f"    if left != value: dropped[{switch_of(need)!r}] += 1",
            "    value = left",
        ]

    def _add_metrics(self, kind: SampledKind) -> None:
        self.lines.append("metrics = record.metrics")
        for name, metric in kind.metrics.items():
            is_gauge = isinstance(metric, Gauge)
            nulls = "NULLS" if is_gauge else "NULL"
            if self._is_denied(f"metrics.{name}", metric.switch):
                self._take(nulls)
                continue
            self.lines.append(f"value = metrics.{name}")
            if is_gauge:
                self.lines.append(
                    f"if value is not None and value.min > value.max: upside_down({name!r})"
                )
            self._take(f"{nulls} if value is None else {_packed(metric)}")

    def _is_denied(self, member: str, need: str | None) -> bool:
        """Return whether a member may not be stored; if so, have it counted where it is told."""
        if need not in self.denied:
            return False
        self.lines.append(f"if record.{member} is not None: dropped[{switch_of(need)!r}] += 1")
        return True

    def _take(self, expression: str) -> None:
        part = f"part{len(self.parts)}"
        self.parts.append(part)
        self.lines.append(f"{part} = {expression}")

    def _name(self, name: str, value: Any) -> str:
        self.names[name] = value
        return name


def _packed(metric: Metric) -> str:
    """Return the expression that packs a metric; its bounds were checked when it was decoded."""
    number = "float" if metric.is_float else "int"
    if isinstance(metric, Gauge):
        return f"{number}_gauge(8, value.sum, 8, value.count, 8, value.min, 8, value.max)"
    return f"{number}8(8, value.sum)"


def _upside_down(name: str) -> None:
    raise Refused(RefusalCode.INVALID, "metrics", name, "min")


def _pointing(encode: codec.Codec, name: str) -> codec.Codec:
    """Return `encode` whose refusals point at the field."""
    if encode is codec.boolean:
        return encode  # refuses nothing

    def pointing(value: Any) -> bytes:
        try:
            return encode(value)
        except Refused as refused:
            path = ("fields", name, *refused.path)
            raise Refused(RefusalCode(refused.code), *path) from refused

    return pointing


def _columns(kind: AnyKind, constants: Iterable[str]) -> list[str]:
    """Return the columns in the order in which a row writes them."""
    metrics = kind.metrics if isinstance(kind, SampledKind) else {}
    return [
        "id",
        kind.model.TIME_FIELD,
        *constants,
        *(f"{column}_id" for column in kind.dimensions),
        *kind.field_names,
        *kind.derived,
        *(f"{name}_{part}" for name in metrics for part in metrics[name].high_resolution),
    ]


def _requirements(kind: AnyKind) -> set[str]:
    metrics = kind.metrics.values() if isinstance(kind, SampledKind) else ()
    every = {*kind.field_switches.values(), *(metric.switch for metric in metrics)}
    return {need for need in every if need is not None}
