"""The nightly fold: days whose term of the person is over."""

from collections.abc import Iterator
from datetime import date, datetime

from django.db import connection, transaction

from apps.events import folding, kinds, retention, rollups
from apps.events.daily import daily_model_of
from apps.events.kinds import SampledKind
from apps.events.models import RolledUpDay
from apps.gdpr.models import FoldedDay

DEVICES_PER_STEP = 200  # of one transaction: rows of a day are some hundreds a device


def fold_due_days(*, now: datetime) -> dict[str, int]:
    """Fold every rolled-up day past the term that is not folded yet; return what was done.

    Each step is a short transaction of its own, so a run that is stopped goes on with the next.
    """
    counts = {"days_folded": 0, "rows_folded": 0}
    for day in due_days(now):
        for kind in kinds.sampled():
            if folding.concerns(kind):
                counts["rows_folded"] += _fold_kind(kind, day)
        FoldedDay.objects.get_or_create(day=day, defaults={"folded_at": now})
        counts["days_folded"] += 1
    return counts


def due_days(now: datetime) -> list[date]:
    """Return the days to fold, oldest first. Cost: 1 query."""
    last = rollups.day_of(retention.oldest_kept(retention.DAILY_PERSON, now))
    days = RolledUpDay.objects.filter(day__lte=last).exclude(
        day__in=FoldedDay.objects.values("day")
    )
    return [
        day
        for day in days.order_by("day").values_list("day", flat=True)
        if folding.is_due(rollups.day_start(day), now)
    ]


def _fold_kind(kind: SampledKind, day: date) -> int:
    start, changed = rollups.day_start(day), 0
    for device_ids in _devices(kind, start):
        with transaction.atomic():
            folding.lock_daily_rows()
            changed += folding.fold(kind, start=start, device_ids=device_ids)
    return changed


def _devices(kind: SampledKind, start: datetime) -> Iterator[list[int]]:
    table = daily_model_of(kind)._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT DISTINCT device_id FROM {table} WHERE bucket = %s ORDER BY device_id", [start]
        )
        found = [device_id for (device_id,) in cursor.fetchall()]
    for first in range(0, len(found), DEVICES_PER_STEP):
        yield found[first : first + DEVICES_PER_STEP]
