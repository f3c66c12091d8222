"""Long work on what was collected: planned in steps, one transaction each, carried on by a task."""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import Account
from apps.audit import services as audit
from apps.audit.choices import AuditCode, Severity
from apps.collectors.choices import JobState
from apps.collectors.models import CollectionJob
from apps.core import clock
from apps.core.errors import DomainError
from apps.core.locks import advisory_lock, is_deadlock

logger = logging.getLogger(__name__)

Counts = Mapping[str, int]
Step = list[Any]  # of values that JSON knows
LOCK = "collectors.run_jobs"
_kinds: dict[str, "JobKind"] = {}


@dataclass(frozen=True, slots=True)
class Offer:
    """How the console asks before work that cannot be taken back.

    count: the number that has to be typed, and of_what it is. problem: why it cannot begin now,
    "" where it can. consequences: sentences.
    """

    count: Callable[[], int]
    of_what: Any
    problem: Callable[[], Any]
    consequences: Sequence[Any]


class NumberNotTyped(DomainError):
    """The number that was typed is not that of what would be changed."""

    code = "number_not_confirmed"
    status = 422
    message = _("Type the number that stands above.")


class CannotBegin(DomainError):
    """Something else has to be done first."""

    code = "job_cannot_begin"
    status = 409


@dataclass(frozen=True, slots=True)
class JobKind:
    """One kind of work.

    title: what it is called. plan: the steps of its parameters, in order; each is done in a
    transaction of its own by `run`, which returns rows changed by table. A step that was done
    before must do no harm: a worker may die between a step and the note of it.
    offer: where people start it by themselves.
    """

    name: str
    title: Any
    plan: Callable[[Mapping[str, Any]], Sequence[Step]]
    run: Callable[[Mapping[str, Any], Step, datetime], Counts]
    offer: "Offer | None" = None


def register(kind: JobKind) -> None:
    """Add a kind; called from `ready()` of the app that knows the tables."""
    if kind.name in _kinds:
        raise ValueError(f"job kind {kind.name} is registered already")
    _kinds[kind.name] = kind


def registered() -> list[JobKind]:
    """Return every kind."""
    return list(_kinds.values())


def offered() -> list[JobKind]:
    """Return the kinds that people start by themselves."""
    return [kind for kind in _kinds.values() if kind.offer]


def find(name: str) -> JobKind:
    """Return the kind of that name."""
    return _kinds[name]


def start(
    *, kind: str, parameters: Mapping[str, Any], actor: Account, now: datetime
) -> CollectionJob:
    """Write down a piece of work with its steps; the task begins within a minute."""
    steps = list(find(kind).plan(parameters))
    with transaction.atomic():
        job = CollectionJob.objects.create(
            kind=kind,
            parameters={**parameters, "steps": steps},
            total=len(steps),
            author=actor,
            created_at=now,
        )
        _record(job, actor, now)
    return job


def start_offered(*, kind: str, typed: str, actor: Account, now: datetime) -> CollectionJob:
    """Start work that people ask for by itself.

    Raises:
        CannotBegin: something else comes first. NumberNotTyped: the number is not the right one.
    """
    offer = find(kind).offer
    assert offer is not None  # the door offers no other
    if problem := offer.problem():
        raise CannotBegin(message=problem)
    if typed.strip() != str(offer.count()):
        raise NumberNotTyped
    return start(kind=kind, parameters={}, actor=actor, now=now)


def retry(*, job: CollectionJob, actor: Account, now: datetime) -> None:
    """Let a job that failed go on where it stopped."""
    with transaction.atomic():
        row = CollectionJob.objects.select_for_update().get(pk=job.pk)
        if row.state == JobState.FAILED:
            row.state, row.error = JobState.WAITING, ""
            row.save(update_fields=["state", "error"])
            _record(row, actor, now)


def run_open() -> int:
    """Carry on every open job, one worker at a time; return the number of steps done."""
    with advisory_lock(LOCK) as acquired:
        if not acquired:
            return 0
        return sum(_run(job) for job in CollectionJob.objects.open())


def _run(job: CollectionJob) -> int:
    """Do the steps that are left; a failure is kept and stops this job alone."""
    kind, number = find(job.kind), 0
    for step in job.parameters["steps"][job.done :]:
        try:
            _do(job, kind, step)
        except Exception as error:
            if is_deadlock(error):
                raise  # the task tries again: nobody has to be asked
            logger.exception("job failed", extra={"job": job.pk, "kind": job.kind})
            # The class alone: a message of the database may quote a name.
            CollectionJob.objects.filter(pk=job.pk).update(
                state=JobState.FAILED, error=type(error).__name__, heartbeat_at=clock.now()
            )
            return number
        number += 1
    _finish(job)
    return number


def _do(job: CollectionJob, kind: JobKind, step: Step) -> None:
    now = clock.now()
    with transaction.atomic():
        counts = dict(job.counts)
        for table, rows in kind.run(job.parameters, step, now).items():
            counts[table] = counts.get(table, 0) + rows
        job.counts, job.done = counts, job.done + 1
        job.state, job.heartbeat_at = JobState.RUNNING, now
        job.save(update_fields=["counts", "done", "state", "heartbeat_at"])


def _finish(job: CollectionJob) -> None:
    now = clock.now()
    with transaction.atomic():
        job.state, job.finished_at, job.heartbeat_at = JobState.DONE, now, now
        job.save(update_fields=["state", "finished_at", "heartbeat_at"])
        _record(job, None, now)


def _record(job: CollectionJob, actor: Account | None, now: datetime) -> None:
    audit.record(
        actor=actor,
        code=AuditCode.COLLECTED_DATA_CHANGED,
        severity=Severity.WARNING,
        object_kind="collection_job",
        object_id=str(job.pk),
        object_label=job.kind,
        detail={"state": job.state, "steps": job.total, "counts": job.counts},
        at=now,
    )
