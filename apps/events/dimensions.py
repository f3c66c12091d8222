"""Dimensions: the batch's dictionaries become ids of rows, made where they are new.

A dictionary's entry says a thing once (a user, a binary); records refer to it by number.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, Protocol

import msgspec
from django.core.exceptions import ImproperlyConfigured
from django.db import connection, models, transaction

from apps.core import generations
from apps.core.decoding import decoder_of
from apps.events.policy import Policy
from apps.events.refusals import Refused, Undecodable

TOUCH_INTERVAL = timedelta(hours=1)  # last_seen_at of a dimension row is that exact
KEPT_ENTRY_BYTES = 1_000  # a larger one may be padded, to fill the memory
CACHE_LIMIT = 100_000  # ids of one process, some 20 MB
GROUPS = 63  # of devices: the bits of a bigint


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a batch comes from, as far as an entry's identity depends on it."""

    device_id: int
    platform: str
    policy: Policy


class Entry(Protocol):
    """A dictionary's entry: a msgspec struct that knows its row."""

    def row(self, origin: Origin) -> Mapping[str, Any] | None:
        """Return the columns of the row, `identity` among them; None if the policy denies it.

        Raises:
            apps.events.refusals.Refused: the entry has no storable identity.
        """


@dataclass(frozen=True, kw_only=True)
class Dimension:
    """One kind of thing that records refer to.

    dictionary: member of the batch, as in "binaries".
    model: has the columns identity (unique), first_seen_at and last_seen_at.
    switch: the switch that may deny an entry.
    is_same_everywhere: an entry's row depends on nothing of its origin but the platform, so that
        a process knows it again by its text.
    on_seen: called with device, ids and time when a device first refers to rows, and hourly.
    on_told: called with device, rows and ids by identity when a group of devices first describes
        a thing in these words, at least; the words of the first need not be the best. Only where
        an entry is the same everywhere.
    """

    dictionary: str
    entry: type[msgspec.Struct]
    model: type[models.Model]
    switch: str = ""
    is_same_everywhere: bool = False
    on_seen: Callable[[int, Sequence[int], datetime], None] | None = None
    on_told: Callable[[int, Mapping[str, Mapping[str, Any]], Mapping[str, int]], None] | None = None

    @cached_property
    def table(self) -> str:
        return self.model._meta.db_table

    def row(self, raw: bytes | msgspec.Raw, origin: Origin) -> Mapping[str, Any] | None:
        """Return the row of one entry as it came, None if the policy denies it.

        Raises:
            msgspec.DecodeError, UnicodeDecodeError: it is no such entry.
            apps.events.refusals.Refused: it has no storable identity.
        """
        return self.decoder.decode(raw).row(origin)  # type: ignore[no-any-return]

    @property
    def decoder(self) -> msgspec.json.Decoder[Any]:
        """Return the decoder of one entry."""
        return decoder_of(self.entry)


@dataclass(slots=True)
class _Known:
    id: int
    touched_at: datetime


Key = tuple[str, str, int]  # table, identity, and the device where the dimension asks for it
Text = tuple[str, str, bytes]  # dictionary, platform and the entry as it came


@dataclass(frozen=True, slots=True)
class _Snapshot:
    """Ids by identity, of one process and generation; an erasure raises the generation."""

    generation: int
    known: dict[Key, _Known] = field(default_factory=dict)
    by_text: dict[Text, _Known] = field(default_factory=dict)
    tellers: dict[Text, int] = field(default_factory=dict)  # a bit for each group of devices


def _snapshot_of(generation: int) -> _Snapshot:
    """Return the ids of `generation`; a new snapshot takes the old one's place at once."""
    global _snapshot
    snapshot = _snapshot
    size = len(snapshot.known) + len(snapshot.by_text)
    if generation != snapshot.generation or size > CACHE_LIMIT:
        snapshot = _snapshot = _Snapshot(generation)
    return snapshot


_dimensions: dict[str, Dimension] = {}
_snapshot = _Snapshot(-1)


def register(dimension: Dimension) -> None:
    """Add a dimension; called from the module `events` of an app, imported in `ready()`."""
    if dimension.dictionary in _dimensions:
        raise ImproperlyConfigured(f"Dimension {dimension.dictionary} is registered twice.")
    _dimensions[dimension.dictionary] = dimension


def registered() -> Iterator[Dimension]:
    """Yield every dimension."""
    yield from _dimensions.values()


def find(dictionary: str) -> Dimension:
    """Return the dimension of that dictionary."""
    return _dimensions[dictionary]


def recall(
    dimension: Dimension,
    entries: Mapping[int, msgspec.Raw],
    *,
    origin: Origin,
    now: datetime,
    generation: int,
) -> dict[int | None, int]:
    """Return the ids of those of `entries` (by number) that this process knows by their very text.

    Only where an entry's row is the same everywhere; others have to be read and resolved.
    Cost: no query.
    """
    if not dimension.is_same_everywhere:
        return {}
    snapshot, oldest = _snapshot_of(generation), now - TOUCH_INTERVAL
    prefix, by_text = (dimension.dictionary, origin.platform), snapshot.by_text
    tellers = snapshot.tellers if dimension.on_told else None
    group = 1 << group_of(origin.device_id)
    ids: dict[int | None, int] = {}
    for number, raw in entries.items():
        key = (*prefix, bytes(raw))
        known = by_text.get(key)
        if known is None or known.touched_at < oldest:
            known = _remember_text(dimension, key[2], origin, snapshot)
        if known is None or known.touched_at < oldest:
            continue
        if tellers is not None and not tellers.get(key, 0) & group:
            tellers[key] = tellers.get(key, 0) | group
            continue  # to be read once more, for `on_told`
        ids[number] = known.id
    return ids


def group_of(device_id: int) -> int:
    """Return the group of a device: enough to count how many tell something, too few to tell who."""
    return device_id % GROUPS


def resolve(
    dimension: Dimension,
    rows: Mapping[str, Mapping[str, Any]],
    *,
    device_id: int,
    now: datetime,
    generation: int,
    before_lookup: Callable[[], None] | None = None,
) -> dict[str, int]:
    """Return the id of each of `rows` (identity -> columns), making the rows that are new.

    New rows are inserted in the order of their identity, in a transaction of their own when none
    is open: two batches cannot deadlock, and a batch that fails leaves at worst an orphan.
    before_lookup: called before the database is asked or changed; may raise.
    Cost: no query when all are known, else 1 SELECT, 1 UPDATE, and 1 INSERT if some are new.
    """
    cache = _snapshot_of(generation).known
    owner = device_id if dimension.on_seen else 0
    ids: dict[str, int] = {}
    unknown: list[str] = []
    for identity in rows:
        known = cache.get((dimension.table, identity, owner))
        if known is None or now - known.touched_at > TOUCH_INTERVAL:
            unknown.append(identity)
        else:
            ids[identity] = known.id
    if unknown:
        if before_lookup:
            before_lookup()
        with transaction.atomic():
            found = _find_or_make(dimension, {i: rows[i] for i in sorted(unknown)}, now)
            _touch(dimension, list(found.values()), now)
            if dimension.on_seen:
                dimension.on_seen(device_id, sorted(found.values()), now)
        fresh = {(dimension.table, i, owner): _Known(found[i], now) for i in unknown}
        # Into the snapshot that we read: never into one of a later generation.
        transaction.on_commit(lambda: cache.update(fresh))
        ids |= found
    if dimension.on_told:
        dimension.on_told(device_id, rows, ids)
    return ids


def forget() -> None:
    """Forget the ids that this process knows."""
    global _snapshot
    _snapshot = _Snapshot(-1)


def bump() -> None:
    """Make every process forget its ids; called by whatever deletes rows of a dimension."""
    generations.bump(generations.DIMENSIONS)


def _remember_text(
    dimension: Dimension, text: bytes, origin: Origin, snapshot: _Snapshot
) -> _Known | None:
    """Return what is known of the entry's identity, and keep it by the entry's text."""
    if len(text) > KEPT_ENTRY_BYTES:
        return None
    try:
        row = dimension.row(text, origin)
    except (*Undecodable, Refused):
        return None  # whoever reads the entry says why
    known = snapshot.known.get((dimension.table, row["identity"], 0)) if row else None
    if known is not None:
        snapshot.by_text[dimension.dictionary, origin.platform, text] = known
    return known


def _find_or_make(
    dimension: Dimension, rows: Mapping[str, Mapping[str, Any]], now: datetime
) -> dict[str, int]:
    ids = _find(dimension, list(rows))
    missing = [identity for identity in rows if identity not in ids]
    if missing:
        _insert(dimension, [rows[identity] for identity in missing], now)
        ids |= _find(dimension, missing)  # also those that another batch made meanwhile
    return ids


def _find(dimension: Dimension, identities: list[str]) -> dict[str, int]:
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT identity, id FROM {dimension.table} WHERE identity = ANY(%s)", [identities]
        )
        return dict(cursor.fetchall())


def _insert(dimension: Dimension, rows: list[Mapping[str, Any]], now: datetime) -> None:
    dimension.model._default_manager.bulk_create(
        [dimension.model(**row, first_seen_at=now, last_seen_at=now) for row in rows],
        ignore_conflicts=True,
    )


def _touch(dimension: Dimension, ids: list[int], now: datetime) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            # Sorted by key, so that two batches that touch the same rows cannot deadlock.
            f"""
            UPDATE {dimension.table} SET last_seen_at = %(now)s WHERE id IN (
                SELECT id FROM {dimension.table}
                WHERE id = ANY(%(ids)s) AND last_seen_at < %(before)s ORDER BY id FOR NO KEY UPDATE
            )
            """,
            {"now": now, "ids": ids, "before": now - TOUCH_INTERVAL},
        )
