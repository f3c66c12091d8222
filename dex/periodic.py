"""Periodic tasks as an administrator may change them: when, and whether where that is allowed."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from celery import current_app
from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django_celery_beat.models import CrontabSchedule, IntervalSchedule, PeriodicTask
from kombu.exceptions import OperationalError

from apps.accounts.models import Account
from apps.audit import services as audit
from apps.audit.choices import AuditCode
from apps.core.errors import DomainError
from dex.schedule import SCHEDULE, Periodic

ONE_RETRY = {"max_retries": 1, "interval_start": 0}  # the connection may be of a former broker
SHORTEST, LONGEST = timedelta(minutes=1), timedelta(days=1)  # longer would be as good as never


class MayNotBeDisabled(DomainError):
    """Retention and upkeep run whatever an administrator wishes."""

    code = "task_may_not_be_disabled"
    message = gettext_lazy("This task may be moved, but not disabled.")


class BrokerAway(DomainError):
    """Nobody took the task."""

    code = "broker_away"
    status = 503
    message = gettext_lazy("The task could not be handed over: the broker does not answer.")


@dataclass(frozen=True, slots=True)
class Rhythm:
    """An interval, or a time of the day in the instance's zone; exactly one of the two."""

    every: timedelta | None = None
    at: time | None = None

    def text(self) -> str:
        """Return it in words."""
        if self.every is not None:
            minutes = int(self.every.total_seconds()) // 60
            if minutes and minutes % 60 == 0:
                return ngettext("every hour", "every %d hours", minutes // 60) % _of(minutes // 60)
            return ngettext("every minute", "every %d minutes", minutes) % _of(minutes)
        return _("every day at %s") % f"{self.at:%H:%M}"


def entry_of(task: PeriodicTask) -> Periodic | None:
    """Return what the code says about a task, None for one that it no longer knows."""
    return next((entry for entry in SCHEDULE if entry.task == task.name), None)


def may_be_disabled(task: PeriodicTask) -> bool:
    """Return whether an administrator may switch the task off."""
    entry = entry_of(task)
    return entry is not None and entry.may_be_disabled


def rhythm_of(task: PeriodicTask) -> Rhythm | None:
    """Return when a task runs, None for a schedule that this console does not make."""
    if task.interval is not None:
        return Rhythm(every=timedelta(**{task.interval.period: task.interval.every}))
    if task.crontab is not None and _is_daily(task.crontab):
        return Rhythm(at=time(int(task.crontab.hour), int(task.crontab.minute)))
    return None


def next_run(task: PeriodicTask, now: datetime) -> datetime | None:
    """Return when a task is due; a moment in the past is due at once."""
    rhythm = rhythm_of(task)
    if not task.enabled or rhythm is None:
        return None
    if rhythm.every is not None:
        return (task.last_run_at or task.date_changed) + rhythm.every
    zone = ZoneInfo(str(task.crontab.timezone))
    assert rhythm.at is not None
    local = now.astimezone(zone)
    today = datetime.combine(local.date(), rhythm.at, tzinfo=zone)
    return today if today > now else today + timedelta(days=1)


def change_task(
    *, task: PeriodicTask, rhythm: Rhythm, is_enabled: bool, actor: Account, now: datetime
) -> None:
    """Move a task, or switch it off where that is allowed.

    Raises:
        MayNotBeDisabled: the code says that it runs.
    """
    if not is_enabled and not may_be_disabled(task):
        raise MayNotBeDisabled
    before = {"rhythm": _text_of(task), "enabled": task.enabled}
    with transaction.atomic():
        task.interval = task.crontab = None
        if rhythm.every is not None:
            task.interval = IntervalSchedule.objects.get_or_create(
                every=int(rhythm.every.total_seconds()), period=IntervalSchedule.SECONDS
            )[0]
        else:
            assert rhythm.at is not None
            task.crontab = CrontabSchedule.objects.get_or_create(
                minute=str(rhythm.at.minute),
                hour=str(rhythm.at.hour),
                day_of_week="*",
                day_of_month="*",
                month_of_year="*",
                timezone=settings.TIME_ZONE,
            )[0]
        task.enabled = is_enabled
        task.save()
        after = {"rhythm": _text_of(task), "enabled": task.enabled}
        _record(task, actor, now, {"old": before, "new": after})


def run_now(*, task: PeriodicTask, actor: Account, now: datetime) -> None:
    """Hand a task to the workers at once; its rhythm stays.

    Raises:
        BrokerAway: nothing was handed over, nothing recorded.
    """
    with transaction.atomic():
        _record(task, actor, now, {"run": "now"})
        try:
            current_app.send_task(task.task, queue=task.queue or None, retry_policy=ONE_RETRY)
        except OperationalError as error:
            raise BrokerAway from error


def _of(number: int) -> tuple[int, ...]:
    """Return what fills the plural in; the singular names no number."""
    return (number,) if number != 1 else ()


def _text_of(task: PeriodicTask) -> str:
    rhythm = rhythm_of(task)
    if rhythm is None:
        return str(task.schedule)
    if rhythm.every is not None:
        return f"every {int(rhythm.every.total_seconds())} s"
    return f"at {rhythm.at:%H:%M}"


def _is_daily(crontab: CrontabSchedule) -> bool:
    others = (crontab.day_of_week, crontab.day_of_month, crontab.month_of_year)
    return set(others) == {"*"} and crontab.hour.isdigit() and crontab.minute.isdigit()


def _record(task: PeriodicTask, actor: Account, now: datetime, detail: dict[str, Any]) -> None:
    audit.record(
        code=AuditCode.PERIODIC_TASK_CHANGED,
        actor=actor,
        object_kind="periodic_task",
        object_id=task.name,
        object_label=task.name,
        detail=detail,
        at=now,
    )
