"""What the audit log says about people: subjects are ids, which mean nothing once erased."""

from apps.audit.models import AuditCheckpoint, AuditEvent, AuditSubject, InboxEvent
from apps.core.personal_data import (
    BEHAVIOUR,
    DIRECT,
    FREE_TEXT,
    NONE,
    PSEUDONYM,
    Classification,
    of,
    register,
)

RECORD = {
    "at": BEHAVIOUR,  # when an administrator works
    "code": BEHAVIOUR,
    "severity": NONE,
    "actor_kind": NONE,
    "actor_id": PSEUDONYM,
    "actor_label": DIRECT,
    "support_access_id": PSEUDONYM,
    "address": DIRECT,
    "session_ref": PSEUDONYM,
    "request_id": NONE,
    "object_kind": NONE,
    "object_id": PSEUDONYM,
    "object_label": NONE,  # content only
    "outcome": NONE,
    "reason": FREE_TEXT,
    "detail": BEHAVIOUR,
}

register(
    InboxEvent,
    Classification(
        subject="account", fields={**RECORD, "id": NONE, "subjects": of(PSEUDONYM, "user")}
    ),
)
register(
    AuditEvent,
    Classification(
        subject="account",
        fields={
            **RECORD,
            "seq": NONE,
            "day": NONE,
            "subject_count": NONE,
            "subject_digest": NONE,
            "prev_hash": NONE,
            "hash": NONE,
        },
    ),
)
register(
    AuditSubject,
    Classification(
        subject="user",
        fields={"id": NONE, "seq": NONE, "day": NONE, "kind": NONE, "ids": PSEUDONYM},
    ),
)
register(
    AuditCheckpoint,
    Classification(
        fields={
            "id": NONE,
            "at": NONE,
            "seq": NONE,
            "count": NONE,
            "hash": NONE,
            "instance": NONE,
            "signature": NONE,
        }
    ),
)
