"""Changing how long rows are kept: shorter after a day, longer when somebody else agrees."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from apps.accounts.models import Account
from apps.audit import services as audit
from apps.audit.choices import AuditCode
from apps.core.approvals import services as approvals
from apps.core.approvals.choices import ApprovalState
from apps.core.approvals.models import Approval
from apps.core.locks import transaction_lock
from apps.gdpr import rules, terms
from apps.gdpr.choices import ChangeState, RetentionClass
from apps.gdpr.models import RetentionChange, RetentionPolicy
from apps.gdpr.rules import DAY, HOUR

KIND = "longer_retention"
LOCK = "gdpr.retention"
SHORTER_AFTER = DAY  # long enough for somebody to notice a mistake

Terms = Mapping[RetentionClass, timedelta]
Rows = Mapping[RetentionClass, RetentionPolicy]


@dataclass(frozen=True, slots=True)
class Changed:
    """What became of a change: policies that have another term now, and what is asked for."""

    policies: list[RetentionPolicy]
    asked: RetentionChange | None


def change_terms(*, wanted: Terms, actor: Account, now: datetime) -> Changed:
    """Give classes other terms; a class that is not named stays as it is.

    A shorter term holds after 24 hours, for all rows, old ones included. A longer one needs
    somebody else's approval (privacy.md 12), then holds at once and brings nothing back.

    Raises:
        OutOfRange, Conflict: nothing was changed.
    """
    with transaction.atomic():
        transaction_lock(LOCK)
        rows = _rows()
        _check(rows, wanted)
        longer = {name: term for name, term in wanted.items() if term > rows[name].term_at(now)}
        others = {name: term for name, term in wanted.items() if name not in longer}
        changed = _write(rows, others, now)
        if changed:
            _record(changed, actor, now)
        return Changed(changed, _ask(longer, actor, now) if longer else None)


def change_of(change_id: int) -> dict[str, Any] | None:
    """Return a change that still waits, as an approval keeps it."""
    row = RetentionChange.objects.filter(pk=change_id, state=ChangeState.ASKED).first()
    return None if row is None else {"hours": row.terms}


def decided(approval: Approval, actor: Any, now: datetime) -> None:
    """Put longer terms in force once somebody else has agreed, in that transaction.

    Raises:
        OutOfRange, Conflict: other terms have changed so that these do not fit any more.
    """
    transaction_lock(LOCK)
    change = RetentionChange.objects.get(pk=approval.object_id)
    is_approved = approval.state == ApprovalState.APPROVED
    change.state = ChangeState.APPROVED if is_approved else ChangeState.DROPPED
    change.save()
    if not is_approved:
        return
    rows, wanted = _rows(), terms_of(change)
    _check(rows, wanted)
    if changed := _write(rows, wanted, now):
        _record(changed, actor, now, single_person=approval.is_single_person)


def terms_of(change: RetentionChange) -> dict[RetentionClass, timedelta]:
    """Return the terms that a change asks for."""
    return {RetentionClass(name): hours * HOUR for name, hours in change.terms.items()}


def _rows() -> dict[RetentionClass, RetentionPolicy]:
    return {RetentionClass(row.retention_class): row for row in RetentionPolicy.objects.all()}


def _check(rows: Rows, wanted: Terms) -> None:
    rules.check({name: row.wanted_term for name, row in rows.items()} | {**wanted})


def _write(rows: Rows, wanted: Terms, now: datetime) -> list[RetentionPolicy]:
    """Write the terms that differ from what holds or waits; return their policies."""
    changed = [rows[name] for name, term in wanted.items() if term != rows[name].wanted_term]
    for row in changed:
        term, held = wanted[RetentionClass(row.retention_class)], row.term_at(now)
        is_shorter = term < held
        row.term = held if is_shorter else term
        row.next_term, row.next_at = (term, now + SHORTER_AFTER) if is_shorter else (None, None)
        row.changed_at = now
        row.save()
    transaction.on_commit(terms.forget)
    return changed


def _ask(wanted: Terms, actor: Account, now: datetime) -> RetentionChange:
    """Ask for longer terms; what was asked for before is taken back."""
    for waiting in Approval.objects.waiting().filter(kind=KIND):
        approvals.withdraw(approval=waiting, actor=actor, now=now)
    change = RetentionChange.objects.create(
        terms={name.value: term // HOUR for name, term in wanted.items()}, asked_at=now
    )
    approvals.ask(kind=KIND, object_id=change.pk, actor=actor, now=now)
    return change


def _record(
    changed: list[RetentionPolicy], actor: Account | None, now: datetime, **detail: Any
) -> None:
    audit.record(
        actor=actor,
        code=AuditCode.RETENTION_CHANGED,
        object_kind="retention",
        detail={**{str(row.retention_class): _told(row) for row in changed}, **detail},
        at=now,
    )


def _told(row: RetentionPolicy) -> dict[str, object]:
    """Return what the audit log keeps of a change, terms in hours."""
    told: dict[str, object] = {"hours": row.term // HOUR}
    if row.next_term is not None:
        told |= {"next_hours": row.next_term // HOUR, "next_at": str(row.next_at)}
    return told
