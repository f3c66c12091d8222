"""Bring django-celery-beat's table of periodic tasks in line with dex/schedule.py."""

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.management import BaseCommand
from django.db import transaction
from django_celery_beat.models import CrontabSchedule, IntervalSchedule, PeriodicTask

from dex.schedule import SCHEDULE, Periodic


class Command(BaseCommand):
    """The code owns the list, an administrator the hour: a changed hour stays."""

    help = "Write the periodic tasks of dex/schedule.py into the database."
    requires_system_checks = []

    def handle(self, *_args: Any, **options: Any) -> None:
        names = [entry.task for entry in SCHEDULE]
        with transaction.atomic():
            for entry in SCHEDULE:
                keep(entry)
            removed, _rows = PeriodicTask.objects.exclude(name__in=names).delete()
        if options["verbosity"]:
            self.stdout.write(f"{len(names)} periodic tasks, {removed} rows removed.")


def keep(entry: Periodic) -> None:
    """Make the row of an entry, or put right what only the code decides."""
    row = PeriodicTask.objects.filter(name=entry.task).first()
    if row is None:
        row = PeriodicTask(name=entry.task, **rhythm(entry.every))
    ours = {
        "task": entry.task,
        "queue": entry.queue,
        "description": entry.why,
        "args": "[]",
        "kwargs": "{}",
        "enabled": row.enabled or not entry.may_be_disabled,
    }
    if row.pk is None or any(getattr(row, name) != value for name, value in ours.items()):
        for name, value in ours.items():
            setattr(row, name, value)
        row.save()


def rhythm(every: timedelta | tuple[str, str]) -> dict[str, Any]:
    """Return the column for an interval, or for minute and hour of the instance's zone."""
    if isinstance(every, timedelta):
        seconds = int(every.total_seconds())
        interval, _is_new = IntervalSchedule.objects.get_or_create(
            every=seconds, period=IntervalSchedule.SECONDS
        )
        return {"interval": interval}
    minute, hour = every
    crontab, _is_new = CrontabSchedule.objects.get_or_create(
        minute=minute, hour=hour, timezone=settings.TIME_ZONE
    )
    return {"crontab": crontab}
