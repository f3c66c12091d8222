"""What the binary tables say about people: every field, no exception."""

from apps.binaries.metrics import EXECUTION
from apps.binaries.models import Binary, ExecutionDaily, ExecutionSample, Presence
from apps.core.personal_data import (
    BEHAVIOUR,
    NONE,
    PSEUDONYM,
    Classification,
    appraisal,
    of,
    register,
)
from apps.core.personal_data.classes import AnyClass
from apps.events.metrics import metric_classes

register(
    Binary,
    Classification(
        fields={
            "id": NONE,
            "uid": NONE,
            "identity": NONE,
            "name": NONE,
            "version": NONE,
            "version_key": NONE,
            "platform": NONE,
            "architecture": NONE,
            "size_bytes": NONE,
            "md5_hash": NONE,
            "sha1_hash": NONE,
            "sha256_hash": NONE,
            "company": NONE,
            "description": NONE,
            "product_name": NONE,
            "product_category": NONE,
            "product_subcategory": NONE,
            "has_user_interface": NONE,
            "first_seen_at": NONE,
            "last_seen_at": NONE,
        }
    ),
)

register(
    Presence,
    Classification(
        fields={"id": NONE, "entity": NONE, "binary": NONE, "devices": NONE, "last_seen_at": NONE}
    ),
)

RUN: dict[str, AnyClass] = {
    "id": NONE,
    "source": NONE,
    "device": of(PSEUDONYM, "device"),
    "context": NONE,
    "user": PSEUDONYM,
    "binary": NONE,
    "bucket": appraisal(BEHAVIOUR),
    "highest_process_visibility": NONE,
}
KEYS = {"user": "user_id", "device": "device_id"}

register(
    ExecutionSample,
    Classification(keys=KEYS, fields={**RUN, **metric_classes(EXECUTION)}),
)
register(
    ExecutionDaily,
    Classification(keys=KEYS, fields={**RUN, **metric_classes(EXECUTION, daily=True)}),
)
