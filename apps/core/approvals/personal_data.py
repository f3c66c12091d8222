"""What approvals say about people: who asked and who decided."""

from apps.core.approvals.models import Approval
from apps.core.personal_data import (
    DIRECT,
    FREE_TEXT,
    NONE,
    PSEUDONYM,
    Classification,
    register,
)

register(
    Approval,
    Classification(
        subject="account",
        fields={
            "id": NONE,
            "kind": NONE,
            "object_id": NONE,
            "change": FREE_TEXT,
            "change_hash": NONE,
            "state": NONE,
            "asked_by_id": PSEUDONYM,
            "asked_by_label": DIRECT,
            "asked_at": NONE,
            "lapses_at": NONE,
            "decided_by_id": PSEUDONYM,
            "decided_by_label": DIRECT,
            "decided_at": NONE,
            "is_single_person": NONE,
            "reason": FREE_TEXT,
        },
    ),
)
