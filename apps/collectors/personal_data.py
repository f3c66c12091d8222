"""What the tables of collectors say about people: every field, no exception."""

from apps.collectors.models import (
    CollectionJob,
    Collector,
    CollectorConfiguration,
    CollectorEvent,
    CollectorStub,
    EnrolmentKey,
    HashEpoch,
    RefusalCount,
)
from apps.core.personal_data import (
    BEHAVIOUR,
    FREE_TEXT,
    NONE,
    PSEUDONYM,
    SECRET,
    Classification,
    of,
    register,
)

register(
    EnrolmentKey,
    Classification(
        fields={
            "id": NONE,
            "uid": NONE,
            "name": NONE,
            "entity": NONE,
            "platforms": NONE,
            "purpose": NONE,
            "expires_at": NONE,
            "maximum_uses": NONE,
            "uses": NONE,
            "revoked_at": NONE,
            "key_hash": SECRET,
            "created_at": NONE,
        }
    ),
)
register(
    Collector,
    Classification(
        keys={"device": "device_id"},
        fields={
            "id": NONE,
            "uid": PSEUDONYM,
            "device": PSEUDONYM,
            "install_id": PSEUDONYM,
            "public_key": PSEUDONYM,
            "fingerprints": SECRET,
            "token_hash": SECRET,
            "token_expires_at": NONE,
            "nonce_used_at": NONE,
            "state": NONE,
            "version": NONE,
            "version_key": NONE,
            "boot_id": PSEUDONYM,
            "configuration_version": NONE,
            "configuration_digest": NONE,
            "configuration_issued_at": NONE,
            "reported_configuration_version": NONE,
            "utc_offset_minutes": NONE,
            "clock_offset_ms": NONE,
            "conflict_at": NONE,
            "lost_records": NONE,
            "enrolled_at": BEHAVIOUR,
            "last_contact_at": BEHAVIOUR,
            "enrolment_key": NONE,
            "previous": PSEUDONYM,
        },
    ),
)
register(
    CollectorStub,
    Classification(
        subject="device",
        fields={
            "id": NONE,
            "collector_uid": PSEUDONYM,
            "public_key": PSEUDONYM,
            "token_hash": SECRET,
            "state": NONE,
            "day": NONE,
            "limits": NONE,
        },
    ),
)
register(
    CollectorConfiguration,
    Classification(
        keys={"device": "device_id"},
        fields={
            "id": NONE,
            "level": NONE,
            "entity": NONE,
            "device": PSEUDONYM,
            "preset": NONE,
            "switches": NONE,
            "details": NONE,
            "is_withdrawal": NONE,
            "is_kept": NONE,
            "version": NONE,
            "state": NONE,
            "legal_basis": NONE,
            "purpose": FREE_TEXT,
            "author": of(PSEUDONYM, "account"),
            "approver": of(PSEUDONYM, "account"),
            "confirmed_at": NONE,
            "created_at": NONE,
            "announced_at": NONE,
            "starts_at": NONE,
            "replaced_at": NONE,
        },
    ),
)
register(
    RefusalCount,
    Classification(
        keys={"device": "device_id"},
        fields={
            "id": NONE,
            "device": PSEUDONYM,
            "origin": NONE,
            "kind": NONE,
            "code": NONE,
            "day": BEHAVIOUR,
            "number": NONE,
        },
    ),
)
register(
    HashEpoch,
    Classification(
        fields={
            "id": NONE,
            "number": NONE,
            "reason": NONE,
            "started_at": NONE,
            "destroyed_at": NONE,
        }
    ),
)
register(
    CollectionJob,
    Classification(
        subject="account",
        fields={
            "id": NONE,
            "kind": NONE,
            "parameters": NONE,
            "state": NONE,
            "total": NONE,
            "done": NONE,
            "counts": NONE,
            "error": NONE,
            "author": PSEUDONYM,
            "created_at": NONE,
            "heartbeat_at": NONE,
            "finished_at": NONE,
        },
    ),
)
register(
    CollectorEvent,
    Classification(
        keys={"device": "device_id"},
        fields={
            "id": NONE,
            "source": NONE,
            "device": PSEUDONYM,
            "context": NONE,
            "occurred_at": BEHAVIOUR,
            "type": NONE,
            "details": NONE,
            "number_of_records": NONE,
            "cpu_usage_ratio": NONE,
            "memory_bytes": NONE,
            "traffic_bytes": NONE,
            "clock_offset_ms": NONE,
        },
    ),
)
