"""What the tables of collectors say about people: every field, no exception."""

from apps.collectors.models import (
    Collector,
    CollectorConfiguration,
    CollectorStub,
    EnrolmentKey,
    RefusalCount,
)
from apps.core.personal_data import (
    BEHAVIOUR,
    FREE_TEXT,
    NONE,
    PSEUDONYM,
    SECRET,
    Classification,
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
            "boot_id": PSEUDONYM,
            "configuration_version": NONE,
            "configuration_digest": NONE,
            "configuration_issued_at": NONE,
            "reported_configuration_version": NONE,
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
            "version": NONE,
            "state": NONE,
            "legal_basis": NONE,
            "purpose": FREE_TEXT,
            "confirmed_at": NONE,
            "created_at": NONE,
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
