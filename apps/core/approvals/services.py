"""Asking for an approval, answering, and what happens without an answer."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from apps.core.approvals import kinds
from apps.core.approvals.choices import ApprovalState
from apps.core.approvals.kinds import Actor, ApprovalKind
from apps.core.approvals.models import Approval
from apps.core.errors import DomainError
from apps.core.locks import transaction_lock

TERM = timedelta(hours=72)
ALONE_AFTER = timedelta(hours=24)


class OwnApproval(DomainError):
    """Whoever asks never decides."""

    code = "own_approval"
    status = 403
    message = _("You asked for this yourself: somebody else must decide.")


class AlreadyDecided(DomainError):
    """Somebody was quicker."""

    code = "already_decided"
    status = 409
    message = _("This was decided or withdrawn meanwhile.")


class ApprovalLapsed(DomainError):
    """Nobody answered in time."""

    code = "approval_lapsed"
    status = 409
    message = _("Nobody answered within 72 hours: it has to be asked for again.")


class ChangedRequest(DomainError):
    """What is asked for is not what was looked at."""

    code = "changed_meanwhile"
    status = 409
    message = _("What is asked for has changed: look at it again.")


class RefusalNeedsReason(DomainError):
    """Whoever asked must learn why not."""

    code = "refusal_needs_reason"
    status = 422
    message = _("Say why you refuse.")


def ask(*, kind: str, object_id: int, actor: Actor, now: datetime) -> Approval:
    """Ask that somebody else agree to the change that `object_id` stands for now."""
    change = kinds.find(kind).change_of(object_id)
    assert change is not None  # the caller has just written it
    with transaction.atomic():
        approval = Approval.objects.create(
            kind=kind,
            object_id=object_id,
            change=dict(change),
            change_hash=kinds.hash_of(change),
            asked_by_id=actor.pk,
            asked_by_label=actor.login,
            asked_at=now,
            lapses_at=now + TERM,
        )
        kinds.tell(approval, actor, now)
    return approval


def decide(
    *,
    approval: Approval,
    seen: str,
    is_approved: bool,
    actor: Actor,
    now: datetime,
    reason: str = "",
) -> Approval:
    """Approve or refuse; the door has asked for the permission.

    seen: hash of the change that the actor looked at.

    Raises:
        AlreadyDecided, ApprovalLapsed, OwnApproval, ChangedRequest, RefusalNeedsReason.
    """
    if not is_approved and not reason.strip():
        raise RefusalNeedsReason
    with transaction.atomic():
        row, kind = _taken(approval.pk), kinds.find(approval.kind)
        _check_open(row, now)
        _check_change(row, kind.change_of(row.object_id), seen)
        is_own = row.asked_by_id == actor.pk
        if is_own and is_approved and not may_confirm_alone(row, actor.pk, now):
            raise OwnApproval
        if is_own and not is_approved:
            raise OwnApproval  # it can be withdrawn
        row.is_single_person = is_own
        row.reason = reason
        state = ApprovalState.APPROVED if is_approved else ApprovalState.REFUSED
        return _close(row, state, actor, now)


def withdraw(*, approval: Approval, actor: Actor, now: datetime, reason: str = "") -> Approval:
    """Take a request back.

    Raises:
        AlreadyDecided: it does not wait any more.
    """
    with transaction.atomic():
        row = _taken(approval.pk)
        if row.state != ApprovalState.ASKED:
            raise AlreadyDecided
        row.reason = reason
        return _close(row, ApprovalState.WITHDRAWN, actor, now)


def lapse_due(*, now: datetime) -> int:
    """Close the requests that nobody answered in time; return their number."""
    number = 0
    for pk in Approval.objects.lapsed_by(now).values_list("pk", flat=True):
        with transaction.atomic():
            row = _taken(pk)
            if row.state == ApprovalState.ASKED:
                _close(row, ApprovalState.LAPSED, None, now)
                number += 1
    return number


def may_confirm_alone(approval: Approval, account_id: Any, now: datetime) -> bool:
    """Return whether the asker may confirm: nobody else could, and a day has passed.

    Cost: none until the day has passed; then see `kinds.has_other_decider`.
    """
    kind = kinds.find(approval.kind)
    return (
        kind.may_be_alone
        and approval.asked_by_id == account_id
        and now >= approval.asked_at + ALONE_AFTER
        and not kinds.has_other_decider(approval)
    )


def _taken(pk: int) -> Approval:
    """Lock a request, its rule's lock first: whoever changes the object takes them that way round.

    Cost: 3 queries.
    """
    kind = kinds.find(Approval.objects.values_list("kind", flat=True).get(pk=pk))
    transaction_lock(kind.lock)
    return Approval.objects.select_for_update().get(pk=pk)


def _check_open(row: Approval, now: datetime) -> None:
    if row.state == ApprovalState.LAPSED or (
        row.state == ApprovalState.ASKED and now >= row.lapses_at
    ):
        raise ApprovalLapsed
    if row.state != ApprovalState.ASKED:
        raise AlreadyDecided


def _check_change(row: Approval, change: Mapping[str, Any] | None, seen: str) -> None:
    if change is None or not (kinds.hash_of(change) == row.change_hash == seen):
        raise ChangedRequest


def _close(row: Approval, state: ApprovalState, actor: Actor | None, now: datetime) -> Approval:
    """Give a locked row its last state, and tell whom it concerns."""
    row.state, row.decided_at = state, now
    row.decided_by_id = actor.pk if actor else None
    row.decided_by_label = actor.login if actor else ""
    row.save()
    kind: ApprovalKind = kinds.find(row.kind)
    kind.decided(row, actor, now)
    kinds.tell(row, actor, now)
    return row
