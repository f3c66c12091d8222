"""Partitions of event tables: made ahead of the days to come, dropped past their retention.

The plan comes from PostgreSQL's catalogue, so the next run completes a half-done one.
"""

import logging
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.conf import settings
from django.db import OperationalError, connection, transaction
from psycopg.errors import LockNotAvailable

from apps.core import clock
from apps.core.locks import advisory_lock
from apps.events import kinds, retention, rollups
from apps.events.choices import Retention
from apps.events.models import Event

logger = logging.getLogger(__name__)

LOCK_TIMEOUT = "5s"  # a partition that cannot be had now is had by the next run
_BOUNDS = re.compile(r"FROM \('(?P<start>[^']+)'\) TO \('(?P<end>[^']+)'\)")


@dataclass(frozen=True, slots=True, order=True)
class Partition:
    """One partition: the rows of `parent` from `start` to before `end`, both UTC midnights."""

    parent: str
    start: date
    end: date

    @property
    def name(self) -> str:
        whole_month = self.start.day == 1 and self.end.day == 1
        return (
            f"{self.parent}_p{self.start:%Y%m}"
            if whole_month
            else f"{self.parent}_p{self.start:%Y%m%d}"
        )

    @property
    def begins_at(self) -> datetime:
        return datetime.combine(self.start, time(), tzinfo=UTC)

    @property
    def ends_at(self) -> datetime:
        return datetime.combine(self.end, time(), tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Plan:
    """What is missing, what is past its term, and what waits for the roll-up of its days."""

    creations: list[Partition] = field(default_factory=list)
    drops: list[Partition] = field(default_factory=list)
    held: list[Partition] = field(default_factory=list)


def make_plan(*, now: datetime, drops_until: datetime | None = None) -> Plan:
    """Compare the partitions that should be with those that are.

    drops_until: the instant by which terms are counted, where `now` is not to be believed yet.
    Cost: 1 query of the catalogue, 2 of the roll-up's state.
    """
    existing = existing_partitions()
    plan = Plan()
    unfinished = rollups.unfinished_days(now=now)
    for model, kept in kinds.event_models():
        table = model._meta.db_table
        wanted = set(_wanted(model, kept, now))
        plan.creations.extend(sorted(wanted - existing.get(table, set())))
        for partition in sorted(existing.get(table, set())):
            if partition.end <= _oldest_day(kept, now):
                waits = partition.end > _oldest_day(kept, drops_until or now)
                waits |= model in _sampled_models() and (
                    _touches(partition, unfinished) or _is_still_written(partition, kept, now)
                )
                (plan.held if waits else plan.drops).append(partition)
    return plan


def apply(plan: Plan) -> list[Partition]:
    """Create and drop as planned, one short transaction a partition.

    Returns those whose lock could not be had in time: the next plan has them again.
    """
    steps = [(_create, partition) for partition in plan.creations]
    steps += [(_drop, partition) for partition in plan.drops]
    postponed = []
    for step, partition in steps:
        try:
            step(partition)
        except OperationalError as error:
            if not isinstance(error.__cause__, LockNotAvailable):
                raise
            logger.warning("Partition %s is postponed: its table is in use", partition.name)
            postponed.append(partition)
    return postponed


def existing_partitions() -> dict[str, set[Partition]]:
    """Return the partitions by parent table, from PostgreSQL's catalogue."""
    tables = [model._meta.db_table for model, _ in kinds.event_models()]
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT parent.relname, pg_get_expr(child.relpartbound, child.oid)
            FROM pg_inherits
            JOIN pg_class parent ON parent.oid = inhparent
            JOIN pg_class child ON child.oid = inhrelid
            WHERE parent.relname = ANY(%s) AND parent.relnamespace = 'public'::regnamespace
            """,
            [tables],
        )
        found: dict[str, set[Partition]] = {}
        for parent, bounds in cursor.fetchall():
            found.setdefault(parent, set()).add(_parse(parent, bounds))
        return found


def sizes() -> list[dict[str, Any]]:
    """Return rows (estimated) and bytes by event table, for the storage page."""
    tables = [model._meta.db_table for model, _ in kinds.event_models()]
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT parent.relname AS table, count(*) AS partitions,
                   sum(greatest(child.reltuples, 0))::bigint AS rows,
                   sum(pg_total_relation_size(child.oid))::bigint AS bytes
            FROM pg_inherits
            JOIN pg_class parent ON parent.oid = inhparent
            JOIN pg_class child ON child.oid = inhrelid
            WHERE parent.relname = ANY(%s) AND parent.relnamespace = 'public'::regnamespace
            GROUP BY parent.relname ORDER BY parent.relname
            """,
            [tables],
        )
        names = [column.name for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def create_after_migrate() -> None:
    """Make the missing partitions as soon as the tables exist."""
    tables = set(connection.introspection.table_names())
    if not {model._meta.db_table for model, _ in kinds.event_models()} <= tables:
        return  # a migration of one app alone, or a backwards one
    with advisory_lock("events.rotate_partitions") as acquired:
        if acquired:
            apply(Plan(creations=make_plan(now=clock.now()).creations))


def _wanted(model: type[Event], kept: Retention, now: datetime) -> Iterator[Partition]:
    first = _oldest_day(kept, now)
    behind = settings.DEX_PARTITION_DAYS_BEHIND
    if behind is not None:
        first = max(first, now.astimezone(UTC).date() - timedelta(days=behind))
    last = now.astimezone(UTC).date() + timedelta(days=settings.DEX_PARTITION_DAYS_AHEAD)
    table = model._meta.db_table
    if model.PARTITION_MONTHS:
        # A day of the instance's zone may begin in the UTC month before.
        yield from _months(table, first - timedelta(days=1), last)
    else:
        yield from _days(table, first, last)


def _days(table: str, first: date, last: date) -> Iterator[Partition]:
    for number in range((last - first).days + 1):
        start = first + timedelta(days=number)
        yield Partition(table, start, start + timedelta(days=1))


def _months(table: str, first: date, last: date) -> Iterator[Partition]:
    start = first.replace(day=1)
    while start <= last:
        end = (start + timedelta(days=32)).replace(day=1)
        yield Partition(table, start, end)
        start = end


def _oldest_day(kept: Retention, now: datetime) -> date:
    return retention.oldest_kept(kept, now).astimezone(UTC).date()


def _sampled_models() -> set[type[Event]]:
    return {kind.model for kind in kinds.sampled()}


def _touches(partition: Partition, days: Iterable[date]) -> bool:
    """Return whether an instance day of `days` overlaps the partition's UTC days."""
    start, end = partition.begins_at, partition.ends_at
    return any(rollups.day_start(day) < end and rollups.day_end(day) > start for day in days)


def _is_still_written(partition: Partition, kept: Retention, now: datetime) -> bool:
    """Return whether late rows may still come for an instance day that the partition touches.

    They would have that day recomputed, from what is left of it.
    """
    last_day = rollups.day_of(partition.ends_at - timedelta(microseconds=1))
    return rollups.day_end(last_day) > retention.oldest_kept(kept, now)


def _parse(parent: str, bounds: str) -> Partition:
    found = _BOUNDS.search(bounds)
    if found is None:
        raise ValueError(f"{parent} has a partition of another kind: {bounds}")
    # PostgreSQL prints the bounds in the session's zone.
    start, end = (datetime.fromisoformat(found[name]).astimezone(UTC) for name in ("start", "end"))
    return Partition(parent, start.date(), end.date())


def _create(partition: Partition) -> None:
    """Make the table first and attach it then: attaching does not stop readers and writers."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'")
        cursor.execute(
            f"CREATE TABLE {partition.name} (LIKE {partition.parent} INCLUDING DEFAULTS "
            "INCLUDING GENERATED INCLUDING STORAGE)"
        )
        cursor.execute(
            f"ALTER TABLE {partition.parent} ATTACH PARTITION {partition.name} FOR VALUES "
            f"FROM ('{partition.start} 00:00+00') TO ('{partition.end} 00:00+00')"
        )


def _drop(partition: Partition) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'")
        cursor.execute(f"ALTER TABLE {partition.parent} DETACH PARTITION {partition.name}")
        cursor.execute(f"DROP TABLE {partition.name}")
