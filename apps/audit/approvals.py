"""Each step of an approval leaves a row: whichever rule it is, nobody can forget it."""

from datetime import datetime

from apps.audit import services
from apps.audit.choices import AuditCode
from apps.core.approvals import kinds
from apps.core.approvals.choices import ApprovalState
from apps.core.approvals.kinds import Actor
from apps.core.approvals.models import Approval

CODES = {
    ApprovalState.ASKED: AuditCode.APPROVAL_ASKED,
    ApprovalState.APPROVED: AuditCode.APPROVAL_GIVEN,
    ApprovalState.REFUSED: AuditCode.APPROVAL_REFUSED,
    ApprovalState.LAPSED: AuditCode.APPROVAL_LAPSED,
    ApprovalState.WITHDRAWN: AuditCode.APPROVAL_WITHDRAWN,
}


def record_step(approval: Approval, actor: Actor | None, now: datetime) -> None:
    """Write one row. The reason stays in the approval: typed text may name people."""
    services.record(
        code=CODES[ApprovalState(approval.state)],
        actor=actor,
        object_kind="approval",
        object_id=str(approval.pk),
        object_label=approval.kind,
        detail={
            "object_id": approval.object_id,
            "change_hash": approval.change_hash,
            "single_person": approval.is_single_person,
        },
        at=now,
    )


kinds.register_listener(record_step)
