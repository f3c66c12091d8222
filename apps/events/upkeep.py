"""Upkeep of the event tables: what the periodic tasks do, each safe to run twice and at once."""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from apps.core import clock
from apps.core.locks import advisory_lock
from apps.events import partitions, rollups
from apps.events.constants import BATCH_NOTE_DAYS, ROLL_UP_CHUNK
from apps.events.models import ReceivedBatch, UpkeepRun

logger = logging.getLogger(__name__)

Counts = dict[str, int]

RUNS_KEPT_DAYS = 30
CLOCK_JUMP_DAYS = 2  # more than that since the last run is a clock that jumped, or a long pause
NOTES_PER_DELETE = 10_000  # rows; keeps each transaction short


def rotate_partitions(*, now: datetime) -> UpkeepRun | None:
    """Create the partitions of the coming days and drop those past their retention."""

    def work() -> Counts:
        plan = partitions.make_plan(now=now, drops_until=believed(now))
        postponed = partitions.apply(plan)
        counts = {"created": plan.creations, "dropped": plan.drops, "held": plan.held}
        done = {name: len(set(rows) - set(postponed)) for name, rows in counts.items()}
        return done | ({"postponed": len(postponed)} if postponed else {})

    return run("events.rotate_partitions", work, now=now)


def believed(now: datetime) -> datetime:
    """Return `now`, or less after a jump: a wrong clock must not drop what is to be kept.

    A jump of the clock by days is believed at the next run, when somebody has had an hour.
    """
    runs = UpkeepRun.objects.filter(task="events.rotate_partitions").order_by("-started_at")
    last = runs.values_list("started_at", flat=True).first()
    return now if last is None else min(now, last + timedelta(days=CLOCK_JUMP_DAYS))


def roll_up(*, now: datetime) -> UpkeepRun | None:
    """Close the days that ended, then recompute every dirty (device, day)."""

    def work() -> Counts:
        days, keys = rollups.close_days(now=now), 0
        while taken := rollups.roll_up_dirty(limit=ROLL_UP_CHUNK, before=now):
            keys += taken
        return {"days_closed": len(days), "device_days": keys}

    return run("events.roll_up", work, now=now)


def purge_batch_notes(*, now: datetime) -> UpkeepRun | None:
    """Delete notes of batches that no collector sends again, and old upkeep runs."""

    def work() -> Counts:
        notes = _delete_notes(before=now - timedelta(days=BATCH_NOTE_DAYS))
        old = UpkeepRun.objects.filter(started_at__lt=now - timedelta(days=RUNS_KEPT_DAYS))
        return {"batch_notes": notes, "upkeep_runs": old.delete()[0]}

    return run("events.purge_batch_notes", work, now=now)


def run(task: str, work: Callable[[], Counts], *, now: datetime) -> UpkeepRun | None:
    """Do `work` unless another worker is at it; keep what it did for the console."""
    with advisory_lock(task) as acquired:
        if not acquired:
            return None
        counts = work()
        logger.info("upkeep done", extra={"task": task, "counts": counts})
        return UpkeepRun.objects.create(
            task=task, started_at=now, finished_at=max(now, clock.now()), counts=counts
        )


def _delete_notes(*, before: datetime) -> int:
    deleted = 0
    while True:
        oldest = ReceivedBatch.objects.filter(received_at__lt=before).order_by("received_at")
        number = ReceivedBatch.objects.filter(
            pk__in=oldest.values("pk")[:NOTES_PER_DELETE]
        ).delete()[0]
        deleted += number
        if number < NOTES_PER_DELETE:
            return deleted
