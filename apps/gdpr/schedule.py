"""When the tasks of retention ran, what they removed, and when they run again."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _
from django_celery_beat.models import PeriodicTask

from apps.core.admin.values import Table, columns, moment_html
from apps.events.admin import TASKS, counts_text
from apps.events.models import UpkeepRun
from apps.gdpr import upkeep

RETENTION_TASKS = (
    "events.rotate_partitions",
    "events.purge_batch_notes",
    upkeep.PURGE_INVENTORY,
    upkeep.FOLD_PERSONS,
    upkeep.PURGE_AGED,
)


def task_table(now: datetime) -> Table:
    """Return each task with its last and next run and what it removed. Cost: 4 queries."""
    last = {run.task: run for run in _last_runs()}
    due = {task.task: task for task in _planned()}
    return Table(
        caption=_("Tasks of retention"),
        columns=columns(_("Task"), _("Last run"), _("Did"), _("Next run")),
        rows=[
            [
                TASKS.get(name, name),
                moment_html(last[name].started_at if name in last else None, now, _("not yet")),
                counts_text(last[name]) if name in last else "",
                moment_html(_next_run(due[name], now) if name in due else None, now),
            ]
            for name in RETENTION_TASKS
        ],
    )


def _last_runs() -> Sequence[UpkeepRun]:
    runs = UpkeepRun.objects.filter(task__in=RETENTION_TASKS)
    return list(runs.order_by("task", "-started_at").distinct("task"))


def _planned() -> Sequence[PeriodicTask]:
    planned = PeriodicTask.objects.filter(task__in=RETENTION_TASKS)
    return list(planned.select_related("interval", "crontab"))


def _next_run(task: PeriodicTask, now: datetime) -> datetime:
    """Return when a task is due: by its interval, else at its time of day."""
    if task.interval is not None:
        due: datetime = (task.last_run_at or task.date_changed) + task.interval.schedule.run_every
        return max(due, now)
    hour, minute = int(task.crontab.hour), int(task.crontab.minute)
    local = now.astimezone(ZoneInfo(str(task.crontab.timezone)))
    today = local.replace(hour=hour, minute=minute, second=0, microsecond=0)
    return today if today > now else today + timedelta(days=1)
