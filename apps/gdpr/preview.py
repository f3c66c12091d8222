"""What a shorter term will take, estimated by PostgreSQL's statistics: nothing big is counted."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, models
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from apps.devices.models import Device
from apps.events import kinds, partitions
from apps.events.partitions import Partition
from apps.gdpr.choices import RetentionClass
from apps.users.models import User


@dataclass(frozen=True, slots=True)
class Loss:
    """How many rows of a table go; `is_estimate` where nobody counted."""

    table: str
    rows: int
    is_estimate: bool = True


def losses(
    name: RetentionClass, *, old: timedelta, new: timedelta, now: datetime
) -> Sequence[Loss]:
    """Return what goes of a class when `new` holds instead of `old`. Cost: at most 2 queries."""
    if name == RetentionClass.INVENTORY:
        return [
            Loss(_table(model), model.objects.filter(last_seen_at__lt=now - new).count(), False)
            for model in (Device, User)
        ]
    return [
        Loss(_table(model), _rows(found, low=now - old, high=now - new))
        for model, found in _sizes(name).items()
    ]


def _rows(found: Sequence[tuple[Partition, int]], *, low: datetime, high: datetime) -> int:
    """Return the rows between two instants: of each partition the part of its time."""
    total = 0.0
    for partition, rows in found:
        start, end = partition.begins_at, partition.ends_at
        covered = min(end, high) - max(start, low)
        total += rows * max(covered / (end - start), 0.0)
    return round(total)


def _sizes(name: RetentionClass) -> dict[type[models.Model], list[tuple[Partition, int]]]:
    """Return the partitions of the tables of a class, each with its rows. Cost: 2 queries."""
    tables = {model._meta.db_table: model for model in _tables(name)}
    rows = _statistics(list(tables))
    existing = partitions.existing_partitions()
    return {
        model: [(part, rows.get(part.name, 0)) for part in existing.get(table, set())]
        for table, model in tables.items()
    }


def _tables(name: RetentionClass) -> Iterator[type[Any]]:
    """Yield the event tables of a class; the person link belongs to the daily ones."""
    if name == RetentionClass.DAILY_PERSON:
        for kind in kinds.sampled():
            if "user" in kind.dimensions and kind.daily_model is not None:
                yield kind.daily_model
        return
    for model, kept in kinds.event_models():
        if kept == name.value:
            yield model


def _statistics(tables: list[str]) -> dict[str, int]:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT child.relname, greatest(child.reltuples, 0)::bigint
            FROM pg_inherits
            JOIN pg_class parent ON parent.oid = inhparent
            JOIN pg_class child ON child.oid = inhrelid
            WHERE parent.relname = ANY(%s) AND parent.relnamespace = 'public'::regnamespace
            """,
            [tables],
        )
        return dict(cursor.fetchall())


def _table(model: type[models.Model]) -> str:
    return capfirst(str(model._meta.verbose_name_plural))


def loss_text(loss: Loss) -> str:
    """Return a loss in words."""
    text = _("about %d rows") if loss.is_estimate else _("%d rows")
    return text % loss.rows
