"""What the binary tables say about people: every field, no exception."""

from apps.binaries.metrics import CONNECTION, EXECUTION
from apps.binaries.models import (
    Binary,
    BinaryClaim,
    ConnectionDaily,
    ConnectionSample,
    ExecutionCrash,
    ExecutionDaily,
    ExecutionSample,
    InstalledPackage,
    Package,
    PackageInstallation,
    PackageUninstallation,
    Presence,
    StalePresence,
)
from apps.core.personal_data import (
    BEHAVIOUR,
    FREE_TEXT,
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
            "custom": FREE_TEXT,
            "first_seen_at": NONE,
            "last_seen_at": NONE,
        }
    ),
)

register(
    BinaryClaim,
    Classification(
        fields={
            "id": NONE,
            "binary": NONE,
            "digest": NONE,
            "facts": NONE,
            "marks": NONE,  # each stands for many devices
            "is_settled": NONE,
        }
    ),
)
register(
    Package,
    Classification(
        fields={
            "id": NONE,
            "uid": NONE,
            "identity": NONE,
            "name": NONE,
            "version": NONE,
            "version_key": NONE,
            "publisher": NONE,
            "platform": NONE,
            "architecture": NONE,
            "type": NONE,
            "parent_name": NONE,
            "source": NONE,
            "custom": FREE_TEXT,
            "first_seen_at": NONE,
            "last_seen_at": NONE,
        }
    ),
)
register(
    InstalledPackage,
    Classification(
        keys={"device": "device_id"},
        fields={
            "id": NONE,
            "device": PSEUDONYM,
            "package": NONE,
            "installation_time_at": NONE,
            "first_seen_at": NONE,
        },
    ),
)
register(
    Presence,
    Classification(
        fields={
            "id": NONE,
            "entity": NONE,
            "binary": NONE,
            "package": NONE,
            "devices": NONE,
            "last_seen_at": NONE,
        }
    ),
)
register(
    StalePresence,
    Classification(
        keys={"device": "device_id"}, fields={"id": NONE, "device": PSEUDONYM, "entity": NONE}
    ),
)

ROW: dict[str, AnyClass] = {
    "id": NONE,
    "source": NONE,
    "device": of(PSEUDONYM, "device"),
    "context": NONE,
    "user": PSEUDONYM,
}
RUN: dict[str, AnyClass] = {
    **ROW,
    "binary": NONE,
    "bucket": appraisal(BEHAVIOUR),
    "highest_process_visibility": NONE,
}
TRAFFIC: dict[str, AnyClass] = {
    **ROW,
    "binary": NONE,
    "bucket": appraisal(BEHAVIOUR),
    "protocol": NONE,
    "destination_port": NONE,
    "destination_domain": of(BEHAVIOUR, "destination"),
    "destination_country": of(BEHAVIOUR, "destination"),
    "destination_type": NONE,
    "destination_private_ip": of(BEHAVIOUR, "destination"),
    "failed_connection_ratio": NONE,
}
CHANGE: dict[str, AnyClass] = {**ROW, "package": NONE, "occurred_at": appraisal(BEHAVIOUR)}
KEYS = {"user": "user_id", "device": "device_id"}

register(
    ExecutionSample,
    Classification(keys=KEYS, fields={**RUN, **metric_classes(EXECUTION)}),
)
register(
    ExecutionDaily,
    Classification(keys=KEYS, fields={**RUN, **metric_classes(EXECUTION, daily=True)}),
)
register(
    ExecutionCrash,
    Classification(
        keys=KEYS,
        fields={
            **ROW,
            "binary": NONE,
            "occurred_at": appraisal(BEHAVIOUR),
            "number_of_crashes": NONE,
            "crash_on_start": NONE,
            "process_visibility": NONE,
            "kind": NONE,
            "binary_path": of(PSEUDONYM, "device"),
            "binary_path_root": NONE,
            "error_code": NONE,
            "module_name": NONE,
        },
    ),
)
register(
    ConnectionSample,
    Classification(
        keys=KEYS,
        fields={
            **TRAFFIC,
            "destination_ip": of(BEHAVIOUR, "destination"),
            **metric_classes(CONNECTION),
        },
    ),
)
register(
    ConnectionDaily,
    Classification(keys=KEYS, fields={**TRAFFIC, **metric_classes(CONNECTION, daily=True)}),
)
register(
    PackageInstallation,
    Classification(
        keys=KEYS,
        fields={
            **CHANGE,
            "number_of_installations": NONE,
            "previous_version": NONE,
            "previous_version_key": NONE,
        },
    ),
)
register(
    PackageUninstallation,
    Classification(keys=KEYS, fields={**CHANGE, "number_of_uninstallations": NONE}),
)
