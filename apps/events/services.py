"""Writes of event rows: a batch's records become rows, refused or dropped one by one."""

from collections import Counter as Tally
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from types import NoneType
from typing import Any

import msgspec

from apps.core.decoding import decoder_of
from apps.events import copy, kinds, rollups, times
from apps.events.choices import RefusalCode
from apps.events.constants import (
    CLOCK_TOLERANCE_SECONDS,
    ROUND_TRIP_LIMIT_MS,
)
from apps.events.dimensions import Origin
from apps.events.encoding import Row
from apps.events.hours import Personal
from apps.events.kinds import AnyKind, SampledKind
from apps.events.policy import Policy, switch_of
from apps.events.references import References
from apps.events.refusals import Refusal, Refused, Undecodable, from_validation
from apps.events.wire import Envelope

# A record's place in the batch, time (None: see `times.Clock`), references and content.
_Rows = Iterable[tuple[int, datetime | None, tuple[int | None, ...], Any]]


class _Head(msgspec.Struct, gc=False):
    kind: str


UNKNOWN = "unknown"  # kind of a record that does not tell, or tells one that nobody registered

_head_decoder = decoder_of(_Head)


@dataclass(frozen=True, slots=True)
class Sender:
    """The device of a batch.

    constants: column -> value of every row, as far as the kind's table has the column.
    generation: of the dimension cache; read with the sender, so that an erasure is noticed.
    """

    device_id: int
    platform: str
    policy: Policy
    constants: Mapping[str, Any]
    generation: int


@dataclass(slots=True)
class Prepared:
    """A batch's records, decoded: nothing is written yet but new rows of dimensions."""

    rows: dict[str, list[Row]] = field(default_factory=dict)  # by kind
    refused: list[Refusal] = field(default_factory=list)
    refused_kinds: Tally[tuple[str, str]] = field(default_factory=Tally)  # by kind and code
    dropped: Tally[tuple[str, str]] = field(default_factory=Tally)  # by kind and switch


@dataclass(slots=True)
class Stored:
    """What became of the records of a batch."""

    accepted: int = 0
    refused: list[Refusal] = field(default_factory=list)
    refused_kinds: Tally[tuple[str, str]] = field(default_factory=Tally)  # by kind and code
    dropped: Tally[tuple[str, str]] = field(default_factory=Tally)


def clock_offset(batch: Envelope, received_at: datetime) -> timedelta:
    """Return the server's minus the device's clock, less half the previous round trip."""
    if batch.device_clock is None:
        return timedelta(0)
    # A round trip of minutes is a device that slept in the middle of it.
    trip = batch.round_trip_ms if batch.round_trip_ms <= ROUND_TRIP_LIMIT_MS else 0
    return received_at - batch.device_clock - timedelta(milliseconds=trip / 2)


def clock_shift(offset: timedelta, *, is_of_request: bool) -> timedelta:
    """Return what is added to the times of a batch whose clock differs by `offset`.

    is_of_request: the clock was told with this very request. That of a body is as old as the
    body: a batch that waited would be moved by its waiting, so it is moved back only.
    """
    is_tolerated = abs(offset) <= timedelta(seconds=CLOCK_TOLERANCE_SECONDS)
    may_have_waited = offset > timedelta(0) and not is_of_request
    return timedelta(0) if is_tolerated or may_have_waited else offset


def prepare(
    *,
    batch: Envelope,
    sender: Sender,
    received_at: datetime,
    shift: timedelta,
    before_lookup: Callable[[], None] | None = None,
) -> Prepared:
    """Decode the records, correct their times, turn their references into ids.

    shift: added to each time, see `clock_shift`. before_lookup: see `dimensions.resolve`.
    Cost: no query when all dimension rows are known; else see `dimensions.resolve`.
    """
    return _Preparation(batch, sender, received_at, shift).run(before_lookup)


def store(*, prepared: Prepared, sender: Sender, now: datetime, careful: bool) -> Stored:
    """COPY the rows of each kind and mark closed days dirty, in the caller's transaction.

    careful: see `copy.copy_rows`.
    """
    stored = Stored(refused=list(prepared.refused), dropped=Tally(prepared.dropped))
    closed: set[date] = set()
    for name, rows in prepared.rows.items():
        kind = _known(name)
        constants = {c: v for c, v in sender.constants.items() if c in kind.columns}
        copied = copy.copy_rows(
            kind, rows, policy=sender.policy, constants=constants, careful=careful
        )
        stored.accepted += copied.stored
        stored.refused.extend(refused.at("events", index) for index, refused in copied.refused)
        stored.refused_kinds.update((name, r.code.value) for _, r in copied.refused)
        stored.dropped.update({(name, switch): n for switch, n in copied.dropped.items()})
        if kind.on_stored and copied.stored:
            gone = {index for index, _ in copied.refused}
            kept = [row for row in rows if row.position not in gone]
            kind.on_stored(sender.device_id, kept, sender.policy)
        if isinstance(kind, SampledKind) and kind.daily_model is not None:
            closed |= rollups.closed_days(copied.moments, now)
    rollups.mark_dirty(device_id=sender.device_id, days=closed, now=now)
    stored.refused.sort(key=lambda refusal: refusal.index)
    return stored


class _Preparation:
    """One batch on its way from records to rows, a kind at a time."""

    def __init__(
        self, batch: Envelope, sender: Sender, received_at: datetime, shift: timedelta
    ) -> None:
        self.batch = batch
        self.sender = sender
        self.received_at = received_at
        self.shift = shift
        self.references = References(
            batch,
            Origin(sender.device_id, sender.platform, sender.policy),
            generation=sender.generation,
            now=received_at,
        )
        self.out = Prepared()

    def run(self, before_lookup: Callable[[], None] | None) -> Prepared:
        groups = {kind.name: (kind, rows) for kind, rows in self._permitted()}
        for kind, rows in groups.values():
            self.references.want(kind, [record for _, record in rows])
        self.references.resolve(before_lookup=before_lookup)
        for kind, rows in groups.values():
            self._add_rows(kind, rows)
        return self.out

    def _permitted(self) -> Iterator[tuple[AnyKind, list[tuple[int, Any]]]]:
        """Yield the records of each kind that the policy allows, with their index."""
        groups: defaultdict[type, list[tuple[int, Any]]] = defaultdict(list)
        for row in enumerate(self._decoded()):
            groups[type(row[1])].append(row)
        groups.pop(NoneType, None)
        for rows in groups.values():
            kind = kinds.of_record(rows[0][1])
            permitted = rows if self.sender.policy.allows(kind.switch) else self._listed(kind, rows)
            if denied := len(rows) - len(permitted):
                self.out.dropped[kind.name, switch_of(kind.switch)] += denied
            permitted = self._with_listed_metrics(kind, permitted)
            if permitted and (within := self._within_work_hours(kind, permitted)):
                yield kind, within

    def _listed(self, kind: AnyKind, rows: list[tuple[int, Any]]) -> list[tuple[int, Any]]:
        """Return the records that a list lets in, before anything is made of the others."""
        accepts = kind.accepts.get(switch_of(kind.switch))
        if accepts is None:
            return []
        policy, named = self.sender.policy, self.references.named_by
        return [row for row in rows if accepts(named(kind, row[1]), policy)]

    def _with_listed_metrics(
        self, kind: AnyKind, rows: list[tuple[int, Any]]
    ) -> list[tuple[int, Any]]:
        """Take out the metrics that a list lets in of other records; each is counted."""
        policy, named = self.sender.policy, self.references.named_by
        for switch, accepts in kind.accepts.items():
            names = kind.metrics_under(switch) if policy.allows_listed(switch) else ()
            for place, (index, record) in enumerate(rows if names else ()):
                told = [name for name in names if getattr(record.metrics, name) is not None]
                if told and not accepts(named(kind, record), policy):
                    left = msgspec.structs.replace(record.metrics, **dict.fromkeys(told))
                    rows[place] = (index, msgspec.structs.replace(record, metrics=left))
                    self.out.dropped[kind.name, switch] += len(told)
        return rows

    def _within_work_hours(
        self, kind: AnyKind, rows: list[tuple[int, Any]]
    ) -> list[tuple[int, Any]]:
        """Unlink from people what happened outside work hours; drop what then means nothing.

        What measures people themselves, such as their focus, and addresses go without a user, too.
        """
        if self.sender.policy.hours is None or not (personal := Personal.of(kind)):
            return rows
        seconds = kind.bucket_seconds if isinstance(kind, SampledKind) else 0
        is_about_people = kind.is_about_people or bool(set(personal.users) & set(kind.required))
        within = []
        for index, record in rows:
            told = getattr(record, kind.model.TIME_FIELD)
            is_of_people = is_about_people or personal.is_in(record)
            if not is_of_people or self._is_in_work_hours(told, seconds):
                within.append((index, record))
                continue
            self.out.dropped[kind.name, "work_hours"] += 1
            if not is_about_people:
                within.append((index, personal.without(record)))
        return within

    def _is_in_work_hours(self, told: datetime, seconds: int) -> bool:
        try:
            return self.sender.policy.covers(told + self.shift, seconds)
        except OverflowError:
            return True  # the year 9999: it is refused for its time

    def _decoded(self) -> list[Any]:
        """Return each record decoded, None for one that is refused."""
        records = self.batch.events
        if not records or type(records[0]) is not msgspec.Raw:
            return records  # all were good, and decoded with the batch
        return [self._decode(index, raw) for index, raw in enumerate(records)]

    def _decode(self, index: int, raw: msgspec.Raw) -> Any:
        name = UNKNOWN
        try:
            kind = kinds.find(_head_decoder.decode(raw).kind)
            if kind is None or kind.is_derived:
                raise Refused(RefusalCode.UNKNOWN_KIND, "kind")
            name = kind.name
            return kind.decoder.decode(raw)
        except Undecodable as error:
            self._refuse(index, from_validation(error), name)
        except Refused as refused:
            self._refuse(index, refused, name)

    def _add_rows(self, kind: AnyKind, permitted: list[tuple[int, Any]]) -> None:
        """Give each record its time and its ids; what works for all of them works column by column."""
        positions, records = zip(*permitted, strict=True)
        moments = times.Clock(kind, self.shift, self.received_at).times_of(records)
        references = self.references.of(kind, records)
        rows: _Rows = zip(positions, moments, references, records, strict=True)
        is_moved = bool(self.shift and times.names_of(kind.fields))
        if is_moved or None in moments or any(None in ids for ids in set(references)):
            rows = self._examined_rows(kind, rows, is_moved=is_moved)
        self.out.rows.setdefault(kind.name, []).extend(map(Row._make, rows))

    def _examined_rows(self, kind: AnyKind, rows: _Rows, *, is_moved: bool) -> _Rows:
        """Yield those that may be stored, their own times corrected too; refuse the others."""
        for position, moment, ids, record in rows:
            try:
                if moment is None or None in ids:
                    moment = self._examined(kind, record)
                if is_moved:
                    record = self._moved(record)
            except Refused as refused:
                self._refuse(position, refused, kind.name)
                continue
            yield position, moment, ids, record

    def _examined(self, kind: AnyKind, record: Any) -> datetime:
        """Return the record's time if it may be stored; count references that are denied.

        Raises:
            Refused: its time or one of its references is wrong.
        """
        moment = times.Clock(kind, self.shift, self.received_at).time_of(record)
        self.references.explain(kind, record, self.out.dropped)
        return moment

    def _moved(self, record: Any) -> Any:
        """Return a record with the times among its fields corrected, too.

        Raises:
            Refused: one of them leaves the calendar.
        """
        try:
            fields = times.moved(record.fields, self.shift)
        except Refused as refused:
            raise Refused(RefusalCode(refused.code), "fields", *refused.path) from refused
        return msgspec.structs.replace(record, fields=fields)

    def _refuse(self, index: int, refused: Refused, kind: str) -> None:
        self.out.refused_kinds[kind, refused.code.value] += 1
        # A path that begins with "" is one of the whole batch: an entry of a dictionary.
        if refused.path[:1] == ("",):
            collection, number, *rest = refused.path[1:]
            self.out.refused.append(
                Refused(RefusalCode(refused.code), *rest).at(collection, number, index)
            )
        else:
            self.out.refused.append(refused.at("events", index))


def _known(name: str) -> AnyKind:
    kind = kinds.find(name)
    assert kind is not None  # rows come only from kinds that were found
    return kind
