"""Long work that outlives its worker: a row that says how far it is, and who carries it on."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, Self, TypeVar

from celery.exceptions import SoftTimeLimitExceeded
from django.db import models, transaction
from django.utils.translation import gettext_lazy as _

from apps.core import clock
from apps.core.locks import advisory_lock, is_passing

logger = logging.getLogger(__name__)

AnyJob = TypeVar("AnyJob", bound="Job")
NOTED = ("state", "total", "done", "heartbeat_at", "finished_at")  # columns that a runner writes


class JobState(models.TextChoices):
    """Where a long piece of work stands."""

    WAITING = "waiting", _("waits")
    RUNNING = "running", _("runs")
    DONE = "done", _("done")
    FAILED = "failed", _("failed")
    REPLACED = "replaced", _("replaced by a newer one")


class JobQuerySet(models.QuerySet[AnyJob]):
    """Chainable filters."""

    def open(self) -> Self:
        """Keep those that go on, oldest first."""
        return self.filter(state__in=[JobState.WAITING, JobState.RUNNING]).order_by("pk")


class Job(models.Model):
    """One long piece of work. A table adds what is to be done, for whom, and what came of it."""

    state = models.CharField(_("state"), max_length=16, choices=JobState, default=JobState.WAITING)
    total = models.PositiveBigIntegerField(_("steps"), default=0, help_text=_("Steps to do."))
    done = models.PositiveBigIntegerField(_("done"), default=0, help_text=_("Steps done."))
    error = models.CharField(_("error"), max_length=200, blank=True, help_text=_("Why it failed."))
    created_at = models.DateTimeField(_("created"))
    heartbeat_at = models.DateTimeField(_("last sign"), null=True, blank=True)
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)

    class Meta:
        abstract = True


@dataclass(frozen=True, slots=True)
class Runner(Generic[AnyJob]):
    """Carries on the jobs of one table; a periodic task calls `run_open` every minute.

    A job is taken as soon as its row is there and no other worker holds the advisory lock `name`:
    one worker for the whole table, oldest job first. It is done in steps, a transaction each,
    which locks the row of the job, checks that it still goes on, lets `advance` do the next step
    and notes how far it is.

    A dead worker needs no noticing: its lock ends with its database session, its step is rolled
    back, and the next call goes on after the last step noted. `heartbeat_at` is for people, who
    see by it that nothing moves.

    Run twice at once, the second call does nothing. Run again, it does no step of the database
    twice; what `advance` does outside of the database must bear a repeat.

    advance: does the next step with the row locked, adds to `done`, and returns how many units
    were done; 0 where nothing is left.
    finish: called once, in the transaction that closes the job, for the audit log.
    columns: those of its own that `advance` writes.
    """

    name: str
    model: type[AnyJob]
    advance: Callable[[AnyJob, datetime], int]
    finish: Callable[[AnyJob, datetime], None]
    columns: tuple[str, ...] = ()

    def run_open(self) -> int:
        """Carry on every open job; return how many units were done.

        A job that fails is closed with the class of its error and stops no other; who asked may
        open it again. A deadlock, a server that goes away, and the end of the task's time once
        anything was done close nothing: the next call goes on. Cost: 1 query a job, and 4 a step
        besides its own.

        Raises:
            OperationalError: a deadlock, or the server went away; the task tries again.
        """
        with advisory_lock(self.name) as acquired:
            return self._run_all() if acquired else 0

    def _run_all(self) -> int:
        number = 0
        for job in self._open():
            try:
                while units := self._step(job):
                    number += units
            except Exception as error:
                if is_passing(error):
                    raise  # the task tries again: nobody has to be asked
                if number and isinstance(error, SoftTimeLimitExceeded):
                    break  # a step that needs all the time alone would never end
                logger.exception("job failed", extra={"job": job.pk, "runner": self.name})
                self._fail(job, error)
        return number

    @transaction.atomic
    def _step(self, job: AnyJob) -> int:
        """Do the next step and note it; 0 at the end, or where somebody closed the job."""
        now = clock.now()
        if not self._open().select_for_update().filter(pk=job.pk).exists():
            return 0
        units = self.advance(job, now)
        job.state, job.heartbeat_at = JobState.RUNNING, now
        if not units:
            # What there was to do may have become more or less meanwhile.
            job.state, job.finished_at, job.total = JobState.DONE, now, job.done
            self.finish(job, now)
        job.save(update_fields=[*NOTED, *self.columns])
        return units

    def _fail(self, job: AnyJob, error: Exception) -> None:
        now = clock.now()
        # The class alone: a message of the database may quote a name.
        self._open().filter(pk=job.pk).update(
            state=JobState.FAILED, error=type(error).__name__, heartbeat_at=now, finished_at=now
        )

    def _open(self) -> JobQuerySet[AnyJob]:
        return JobQuerySet[AnyJob](self.model).open()
