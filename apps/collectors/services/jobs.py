"""Long work on what was collected: kinds of it, planned in steps that `core.jobs` carries on."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import Account
from apps.audit import services as audit
from apps.audit.choices import AuditCode, Severity
from apps.collectors.models import CollectionJob
from apps.core.errors import DomainError
from apps.core.jobs import JobState, Runner
from apps.devices import ruled_fields, site_runs

Counts = Mapping[str, int]
Step = list[Any]  # of values that JSON knows
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
    transaction of its own by `run`, which returns rows changed by table.
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
            row.state, row.error, row.finished_at = JobState.WAITING, "", None
            row.save(update_fields=["state", "error", "finished_at"])
            _record(row, actor, now)


def run_open() -> int:
    """Carry on every open job; return the number of steps done. See `core.jobs.Runner`."""
    return RUNNER.run_open()


def _advance(job: CollectionJob, now: datetime) -> int:
    """Do the step that comes next, and count the rows it changed."""
    left = job.parameters["steps"][job.done :]
    if not left:
        return 0
    for table, rows in find(job.kind).run(job.parameters, left[0], now).items():
        job.counts[table] = job.counts.get(table, 0) + rows
    job.done += 1
    return 1


def _finish(job: CollectionJob, now: datetime) -> None:
    # What it took away, rules may have read: no report tells them.
    ruled_fields.restart()
    site_runs.restart(now)
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


RUNNER = Runner("collectors.run_jobs", CollectionJob, _advance, _finish, columns=("counts",))
