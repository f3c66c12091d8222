"""Writes of event rows: a batch's records become rows, refused or dropped one by one."""

from collections import Counter as Tally
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from django.db import connection

from apps.events import copy, dimensions, kinds, retention, rollups
from apps.events.choices import RefusalCode
from apps.events.constants import CLOCK_TOLERANCE_SECONDS, FUTURE_TOLERANCE_SECONDS
from apps.events.dimensions import Origin
from apps.events.kinds import AnyKind, SampledKind
from apps.events.models import ReceivedBatch
from apps.events.policy import Policy
from apps.events.refusals import Refusal, Refused, from_validation
from apps.events.wire import Envelope


class _Head(msgspec.Struct, gc=False):
    kind: str


UNKNOWN = "unknown"  # kind of a record that does not tell, or tells one that nobody registered

_head_decoder = msgspec.json.Decoder(_Head)


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

    rows: dict[str, list[copy.Row]] = field(default_factory=dict)  # by kind
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
    return received_at - batch.device_clock - timedelta(milliseconds=batch.round_trip_ms / 2)


def prepare(
    *, batch: Envelope, sender: Sender, received_at: datetime, offset: timedelta
) -> Prepared:
    """Decode the records, correct their times, turn their references into ids.

    Cost: no query when all dimension rows are known; else see `dimensions.resolve`.
    """
    return _Preparation(batch, sender, received_at, offset).run()


def store(*, prepared: Prepared, sender: Sender, now: datetime, careful: bool) -> Stored:
    """COPY the rows of each kind and mark closed days dirty, in the caller's transaction.

    careful: see `copy.copy_rows`.
    """
    stored = Stored(refused=list(prepared.refused), dropped=Tally(prepared.dropped))
    days = set()
    for name, rows in prepared.rows.items():
        kind = _known(name)
        constants = {c: v for c, v in sender.constants.items() if _has_column(kind, c)}
        copied = copy.copy_rows(
            kind, rows, policy=sender.policy, constants=constants, careful=careful
        )
        stored.accepted += copied.stored
        stored.refused.extend(refused.at("events", index) for index, refused in copied.refused)
        stored.refused_kinds.update((name, r.code.value) for _, r in copied.refused)
        stored.dropped.update({(name, switch): n for switch, n in copied.dropped.items()})
        if kind.on_stored and copied.stored:
            gone = {index for index, _ in copied.refused}
            kind.on_stored(sender.device_id, [row for row in rows if row.index not in gone])
        if isinstance(kind, SampledKind):
            days |= {rollups.day_of(row.time) for row in rows}
    closed = [day for day in days if rollups.is_closed(day, now)]
    rollups.mark_dirty(device_id=sender.device_id, days=closed, now=now)
    stored.refused.sort(key=lambda refusal: refusal.index)
    return stored


def known_answer(*, device_id: int, epoch: str, sequence: int) -> str | None:
    """Return the answer that this batch was given, None if it is new. Cost: 1 query."""
    return (
        ReceivedBatch.objects.filter(device_id=device_id, epoch=epoch, sequence=sequence)
        .values_list("answer", flat=True)
        .first()
    )


def note_batch(
    *,
    device_id: int,
    batch: Envelope,
    body_hash: bytes,
    answer: str,
    offset: timedelta,
    received_at: datetime,
) -> bool:
    """Remember the batch in the transaction of its rows; False if another request did so first.

    Waits for a request that holds the same identity and has not committed yet.
    """
    values = (
        device_id,
        batch.epoch,
        batch.sequence,
        body_hash,
        answer,
        offset // timedelta(milliseconds=1),
        received_at,
    )
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            INSERT INTO {ReceivedBatch._meta.db_table}
                (device_id, epoch, sequence, body_hash, answer, clock_offset_ms, received_at)
            VALUES (%s, %s, %s, %s, %s, %s, %s)
            ON CONFLICT (device_id, epoch, sequence) DO NOTHING
            """,
            values,
        )
        return bool(cursor.rowcount)


class _Preparation:
    """One batch on its way from raw records to rows."""

    def __init__(
        self, batch: Envelope, sender: Sender, received_at: datetime, offset: timedelta
    ) -> None:
        self.batch = batch
        self.sender = sender
        self.received_at = received_at
        tolerated = abs(offset) <= timedelta(seconds=CLOCK_TOLERANCE_SECONDS)
        self.shift = timedelta(0) if tolerated else offset
        self.latest = received_at + timedelta(seconds=FUTURE_TOLERANCE_SECONDS)
        self.oldest: dict[str, datetime] = {}
        self.references = _References(batch, sender)
        self.out = Prepared()

    def run(self) -> Prepared:
        decoded = list(self._decoded())
        self.references.resolve(now=self.received_at)
        for index, kind, record in decoded:
            try:
                row = copy.Row(index, self._time(kind, record), self._ids(kind, record), record)
            except Refused as refused:
                self._refuse(index, refused, kind.name)
            else:
                self.out.rows.setdefault(kind.name, []).append(row)
        return self.out

    def _decoded(self) -> Iterator[tuple[int, AnyKind, Any]]:
        for index, raw in enumerate(self.batch.events):
            name = UNKNOWN
            try:
                kind = self._kind(raw)
                name = kind.name
                if not self.sender.policy.allows(kind.switch):
                    self.out.dropped[kind.name, str(kind.switch)] += 1
                    continue
                record = kind.decoder.decode(raw)
                self.references.want(kind, record)
            except (msgspec.DecodeError, UnicodeDecodeError) as error:
                self._refuse(index, from_validation(error), name)
            except Refused as refused:
                self._refuse(index, refused, name)
            else:
                yield index, kind, record

    def _kind(self, raw: msgspec.Raw) -> AnyKind:
        kind = kinds.find(_head_decoder.decode(raw).kind)
        if kind is None:
            raise Refused(RefusalCode.UNKNOWN_KIND, "kind")
        return kind

    def _time(self, kind: AnyKind, record: Any) -> datetime:
        name = kind.model.TIME_FIELD
        try:
            moment = (getattr(record, name) + self.shift).astimezone(UTC)
        except OverflowError as error:
            raise Refused(RefusalCode.INVALID, name) from error
        if isinstance(kind, SampledKind):
            moment = self._on_grid(moment, kind.bucket_seconds, name)
        if moment < self._oldest(kind):
            raise Refused(RefusalCode.TOO_OLD, name)
        if moment > self.latest:
            raise Refused(RefusalCode.IN_FUTURE, name)
        return moment

    def _on_grid(self, moment: datetime, seconds: int, name: str) -> datetime:
        off_grid = timedelta(
            seconds=int(moment.timestamp()) % seconds, microseconds=moment.microsecond
        )
        if off_grid and not self.shift:
            raise Refused(RefusalCode.INVALID, name)
        return moment - off_grid

    def _oldest(self, kind: AnyKind) -> datetime:
        if kind.name not in self.oldest:
            self.oldest[kind.name] = retention.oldest_kept(kind.retention, self.received_at)
        return self.oldest[kind.name]

    def _ids(self, kind: AnyKind, record: Any) -> tuple[int | None, ...]:
        return tuple(
            self.references.id_of(kind, column, getattr(record, column), self.out.dropped)
            for column in kind.dimensions
        )

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


class _References:
    """The batch's dictionaries: entries that records refer to, turned into ids."""

    def __init__(self, batch: Envelope, sender: Sender) -> None:
        self.batch = batch
        self.sender = sender
        self.origin = Origin(sender.device_id, sender.platform, sender.policy)
        self.identities: dict[tuple[str, str], str | None] = {}  # None: the policy denies it
        self.rows: dict[str, dict[str, Mapping[str, Any]]] = {}
        self.ids: dict[tuple[str, str], int] = {}

    def want(self, kind: AnyKind, record: Any) -> None:
        """Read the entries that `record` refers to.

        Raises:
            Refused: an entry is missing or wrong.
        """
        for column, dictionary in kind.dimensions.items():
            number = getattr(record, column)
            if number is None:
                if column in kind.required:
                    raise Refused(RefusalCode.INVALID, column)
                continue
            key = (dictionary, str(number))
            if key not in self.identities:
                self.identities[key] = self._read(column, *key)

    def resolve(self, *, now: datetime) -> None:
        """Turn the entries that were read into ids."""
        for dictionary, rows in self.rows.items():
            found = dimensions.resolve(
                dimensions.find(dictionary),
                rows,
                device_id=self.sender.device_id,
                now=now,
                generation=self.sender.generation,
            )
            self.ids |= {(dictionary, identity): i for identity, i in found.items()}

    def id_of(
        self, kind: AnyKind, column: str, number: int | None, dropped: Tally[tuple[str, str]]
    ) -> int | None:
        """Return the id that `number` stands for; None where it is absent or denied."""
        if number is None:
            return None
        dictionary = kind.dimensions[column]
        identity = self.identities[dictionary, str(number)]
        if identity is None:
            dropped[kind.name, dictionary] += 1
            return None
        return self.ids[dictionary, identity]

    def _read(self, column: str, dictionary: str, number: str) -> str | None:
        raw = self.batch.dictionary(dictionary).get(number)
        if raw is None:
            raise Refused(RefusalCode.UNKNOWN_REFERENCE, column)
        try:
            entry = msgspec.json.decode(raw, type=dimensions.find(dictionary).entry)
            row = entry.row(self.origin)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            refused = from_validation(error)
            path = ("", dictionary, number, *refused.path)
            raise Refused(RefusalCode(refused.code), *path) from error
        except Refused as refused:
            path = ("", dictionary, number, *refused.path)
            raise Refused(RefusalCode(refused.code), *path) from refused
        if row is None:
            return None
        self.rows.setdefault(dictionary, {})[row["identity"]] = row
        return str(row["identity"])


def _known(name: str) -> AnyKind:
    kind = kinds.find(name)
    assert kind is not None  # rows come only from kinds that were found
    return kind


def _has_column(kind: AnyKind, column: str) -> bool:
    return any(f.column == column for f in kind.model._meta.concrete_fields)
