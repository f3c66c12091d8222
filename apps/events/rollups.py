"""Daily rows, recomputed from the samples and never added to.

Late data, repeats and erasures need no special case: whatever changes the samples of a closed
day marks (device, day) dirty, and the next run computes that device's day anew.
"""

import logging
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, datetime, time, timedelta

from django.db import DatabaseError, OperationalError, connection, transaction
from django.utils import timezone

from apps.core import clock
from apps.events import folding, kinds, retention
from apps.events.constants import (
    ROLL_UP_CHUNK,
    ROLL_UP_GRACE_SECONDS,
    ROLL_UP_RETRY_SECONDS,
)
from apps.events.daily import (
    daily_model_of,
    key_columns,
    last_value,
    last_value_fields,
    within_int8,
)
from apps.events.kinds import SampledKind
from apps.events.metrics import AGGREGATES, Counter, Metric, column_names
from apps.events.models import DirtyDay, RolledUpDay

logger = logging.getLogger(__name__)

Key = tuple[int, date]


def day_of(moment: datetime) -> date:
    """Return the day of the instance's zone that holds `moment`."""
    return timezone.localtime(moment, timezone.get_default_timezone()).date()


def day_start(day: date) -> datetime:
    """Return the first instant of a day of the instance's zone; such days have 23 to 25 hours."""
    return datetime.combine(day, time(), tzinfo=timezone.get_default_timezone())


def day_end(day: date) -> datetime:
    """Return the first instant after a day of the instance's zone."""
    return day_start(day + timedelta(days=1))


def mark_dirty(*, device_id: int, days: Iterable[date], now: datetime) -> None:
    """Mark days of a device for the roll-up, in the transaction of the rows that changed.

    The update of a mark that exists takes its lock: a roll-up under way then skips this day
    and cannot remove the mark before it has seen our rows.
    """
    rows = sorted({(device_id, day) for day in days})
    if not rows:
        return
    DirtyDay.objects.bulk_create(
        [DirtyDay(device_id=device, day=day, marked_at=now) for device, day in rows],
        update_conflicts=True,
        unique_fields=["device_id", "day"],
        update_fields=["marked_at"],
    )


def close_days(*, now: datetime) -> list[date]:
    """Hand every day that has ended to the roll-up: mark all devices that have samples in it.

    Cost: per day, one DISTINCT over each sampled table.
    """
    closed = []
    for day in _days_to_close(now):
        with transaction.atomic():
            for kind in kinds.sampled():
                _mark_devices(kind, day, now)
            RolledUpDay.objects.get_or_create(day=day, defaults={"rolled_up_at": now})
        closed.append(day)
    return closed


def roll_up_dirty(*, limit: int = ROLL_UP_CHUNK, before: datetime | None = None) -> int:
    """Recompute up to `limit` dirty (device, day) keys in one transaction; return how many.

    before: leave what was marked later, as a run does that wants to end.
    Several workers may run it: each takes keys that no other holds. A day that cannot be
    recomputed does not stop the others: it is tried again an hour later, and logged.
    """
    before = before or clock.now()
    try:
        return _roll_up(limit, before)
    except OperationalError:
        raise  # the database is away: nothing of ours is wrong
    except DatabaseError:
        logger.exception("A chunk of days could not be rolled up: one by one")
        return sum(_roll_up_or_postpone(before) for _ in range(limit))


def _roll_up(limit: int, before: datetime) -> int:
    with transaction.atomic():
        folding.lock_daily_rows(is_shared=True)
        keys = _take(limit, before)
        by_day: dict[date, list[int]] = defaultdict(list)
        for device_id, day in keys:
            by_day[day].append(device_id)
        for day, device_ids in sorted(by_day.items()):
            for kind in kinds.sampled():
                if not is_final(kind, day, before):
                    recompute(kind, day=day, device_ids=device_ids)
                    # A late row of an old day must not bring its person back.
                    folding.fold_if_due(
                        kind, start=day_start(day), device_ids=device_ids, now=before
                    )
    return len(keys)


def is_final(kind: SampledKind, day: date, now: datetime) -> bool:
    """Return whether the daily rows of a kind and day stay as they are: its samples may be gone.

    Kinds are kept to different terms: a late row of one marks the day, and the samples of another
    have been dropped with their partition. Until then `partitions` keeps what a day needs.
    """
    return day_end(day) <= retention.oldest_kept(kind.retention, now)


def _roll_up_or_postpone(before: datetime) -> int:
    """Recompute the oldest dirty key, or put it off; return 1, and 0 when there is none."""
    oldest = DirtyDay.objects.filter(marked_at__lte=before).order_by("day", "device_id").first()
    if oldest is None:
        return 0
    try:
        return _roll_up(1, before)
    except OperationalError:
        raise
    except DatabaseError:
        logger.exception("Day %s of device %d cannot be rolled up", oldest.day, oldest.device_id)
        later = before + timedelta(seconds=ROLL_UP_RETRY_SECONDS)
        return DirtyDay.objects.filter(pk=oldest.pk).update(marked_at=later)


def recompute(kind: SampledKind, *, day: date, device_ids: Sequence[int]) -> None:
    """Replace the daily rows of these devices on this day by what their samples say now."""
    start, end = day_start(day), day_end(day)
    with connection.cursor() as cursor:
        cursor.execute(
            f"DELETE FROM {daily_model_of(kind)._meta.db_table} WHERE device_id = ANY(%s) AND bucket = %s",
            [list(device_ids), start],
        )
        cursor.execute(
            insert_sql(kind),
            {"day": start, "start": start, "end": end, "devices": list(device_ids)},
        )


def insert_sql(kind: SampledKind) -> str:
    """Return the statement that derives one day's rows; params: day, start, end, devices.

    Sums and counts add up, least and greatest are taken, plain fields outside the key keep the
    last value of the day: `avg()` is exact at every resolution.
    """
    keys = key_columns(kind)
    columns, values = ["id", "bucket", *keys], ["nextval('events_daily_id_seq')", "%(day)s", *keys]
    columns.append("source")
    values.append("max(source)")
    for name in last_value_fields(kind):
        columns.append(name)
        values.append(last_value(kind, name, order="bucket"))
    for name, metric in kind.metrics.items():
        columns += column_names(name, metric, daily=True)
        values += _values(name, metric)
    return f"""
        INSERT INTO {daily_model_of(kind)._meta.db_table} ({", ".join(columns)})
        SELECT {", ".join(values)}
        FROM {kind.model._meta.db_table}
        WHERE device_id = ANY(%(devices)s) AND bucket >= %(start)s AND bucket < %(end)s
        GROUP BY {", ".join(keys)}
    """


def unfinished_days(*, now: datetime) -> set[date]:
    """Return the days whose daily rows are not final: dirty ones, and ended ones not yet closed."""
    dirty = set(DirtyDay.objects.values_list("day", flat=True).distinct())
    return dirty | set(_days_to_close(now)) | {day_of(now)}


def closed_days(moments: Iterable[datetime], now: datetime) -> set[date]:
    """Return the days of `moments` that have ended: a change of their samples needs a mark."""
    today = day_start(day_of(now))
    return {day_of(moment) for moment in moments if moment < today}


def _days_to_close(now: datetime) -> list[date]:
    """Return the ended days not yet handed over, as far back as samples may be kept."""
    last = day_of(now - timedelta(seconds=ROLL_UP_GRACE_SECONDS)) - timedelta(days=1)
    closed = RolledUpDay.objects.filter(day__lte=last)  # a clock that was ahead closed later ones
    newest = closed.order_by("-day").values_list("day", flat=True).first()
    first = (
        newest + timedelta(days=1) if newest else _first_sampled_day() or last + timedelta(days=1)
    )
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]


def _first_sampled_day() -> date | None:
    """Return the day of the oldest sample; each partition's index answers at once."""
    oldest: list[datetime] = []
    with connection.cursor() as cursor:
        for kind in kinds.sampled():
            cursor.execute(f"SELECT min(bucket) FROM {kind.model._meta.db_table}")
            if (found := cursor.fetchone()[0]) is not None:
                oldest.append(found)
    return day_of(min(oldest)) if oldest else None


def _mark_devices(kind: SampledKind, day: date, now: datetime) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            INSERT INTO {DirtyDay._meta.db_table} (device_id, day, marked_at)
            SELECT device_id, %(day)s, %(now)s FROM (
                SELECT DISTINCT device_id FROM {kind.model._meta.db_table}
                WHERE bucket >= %(start)s AND bucket < %(end)s ORDER BY device_id
            ) devices
            ON CONFLICT (device_id, day) DO UPDATE SET marked_at = excluded.marked_at
            """,
            {"day": day, "now": now, "start": day_start(day), "end": day_end(day)},
        )


def _take(limit: int, before: datetime) -> list[Key]:
    table = DirtyDay._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            DELETE FROM {table} WHERE id IN (
                SELECT id FROM {table} WHERE marked_at <= %s
                ORDER BY day, device_id LIMIT %s FOR UPDATE SKIP LOCKED
            ) RETURNING device_id, day
            """,
            [before, limit],
        )
        return list(cursor.fetchall())


def _values(name: str, metric: Metric) -> list[str]:
    """Return the expressions of sum, count, min, max; a counter's are over its buckets."""
    source = {part: f"{name}_{part}" for part in AGGREGATES}
    if isinstance(metric, Counter):
        source = dict.fromkeys(AGGREGATES, f"{name}_sum")
        count = f"nullif(count({source['count']}), 0)"
    else:
        count = within_int8(f"sum({source['count']})")
    total = f"sum({source['sum']})"
    if not metric.is_float:
        total = within_int8(total)
    return [total, count, f"min({source['min']})", f"max({source['max']})"]
