"""What the device tables say about people: every field, no exception."""

from apps.core.personal_data import (
    BEHAVIOUR,
    DIRECT,
    NONE,
    PSEUDONYM,
    Classification,
    narrow,
    register,
)
from apps.core.personal_data.classes import AnyClass
from apps.devices.metrics import PERFORMANCE
from apps.devices.models import (
    Boot,
    Context,
    Device,
    Disk,
    InventoryPart,
    PerformanceDaily,
    PerformanceSample,
    Volume,
)
from apps.events.metrics import metric_classes

register(
    Device,
    Classification(
        keys={"device": "id"},
        masked_for="one_user_device",  # level "users" hides its name too where one person uses it
        fields={
            "id": PSEUDONYM,
            "uid": PSEUDONYM,  # stable, so it links rows
            "entity": NONE,
            "context": NONE,
            "name": DIRECT,  # often holds the employee's name
            "kind": NONE,
            "is_simulated": NONE,
            "is_one_user": NONE,
            "inventory_state": NONE,
            "group_name": NONE,
            "membership_type": NONE,
            "configuration_tag": NONE,
            "hardware_type": NONE,
            "hardware_manufacturer": NONE,
            "hardware_model": NONE,
            "hardware_product_line": NONE,
            "hardware_product_version": NONE,
            "hardware_bios_serial_number": PSEUDONYM,
            "hardware_chassis_serial_number": PSEUDONYM,
            "hardware_machine_serial_number": PSEUDONYM,
            "hardware_memory_bytes": NONE,
            "hardware_firmware_version": NONE,
            "hardware_firmware_version_key": NONE,
            "hardware_tpm_version": NONE,
            "hardware_tpm_version_key": NONE,
            "hardware_secure_boot_enabled": NONE,
            "operating_system_name": NONE,
            "operating_system_platform": NONE,
            "operating_system_version": NONE,
            "operating_system_version_key": NONE,
            "operating_system_build": NONE,
            "operating_system_build_key": NONE,
            "operating_system_architecture": NONE,
            "operating_system_installation_time_at": NONE,
            "operating_system_last_update_at": NONE,
            "operating_system_is_restart_pending": NONE,
            "boot_last_full_boot_time_at": NONE,
            "boot_last_full_boot_duration_ms": NONE,
            "first_seen_at": BEHAVIOUR,
            "last_seen_at": BEHAVIOUR,  # tells when a person works
        },
    ),
)
register(
    Context,
    Classification(
        subject="device",
        fields={
            "id": NONE,
            "entity": NONE,
            "location_country": narrow(BEHAVIOUR),
            "location_state": narrow(BEHAVIOUR),
            "location_city": narrow(BEHAVIOUR),
            "location_site": narrow(BEHAVIOUR),
            "location_type": BEHAVIOUR,
            "device_platform": NONE,
        },
    ),
)
register(
    InventoryPart,
    Classification(
        keys={"device": "device_id"},
        fields={
            "id": NONE,
            "device": PSEUDONYM,
            "part": NONE,
            "source": NONE,
            "hash": PSEUDONYM,  # of serial numbers, too
            "received_at": BEHAVIOUR,
        },
    ),
)
register(
    Disk,
    Classification(
        keys={"device": "device_id"},
        masked_for="one_user_device",
        fields={
            "id": NONE,
            "device": PSEUDONYM,
            "name": NONE,
            "manufacturer": NONE,
            "model": NONE,
            "type": NONE,
            "size_bytes": NONE,
            "health": NONE,
            "serial_number": PSEUDONYM,
        },
    ),
)
register(
    Volume,
    Classification(
        keys={"device": "device_id"},
        masked_for="one_user_device",
        fields={
            "id": NONE,
            "device": PSEUDONYM,
            "name": DIRECT,  # people call a stick by their own name
            "mount_point": DIRECT,  # /media/<login>/<label>
            "file_system": NONE,
            "size_bytes": NONE,
            "free_space_bytes": NONE,
            "is_system": NONE,
            "is_encrypted": NONE,
        },
    ),
)

EVENT: dict[str, AnyClass] = {"id": NONE, "source": NONE, "device": PSEUDONYM, "context": NONE}
BUCKET: dict[str, AnyClass] = {
    **EVENT,
    "bucket": BEHAVIOUR,  # of a one-user device it tells when a person works
    "number_of_logical_processors": NONE,
    "installed_memory_bytes": NONE,
}

register(
    Boot,
    Classification(
        keys={"device": "device_id"},
        fields={
            **EVENT,
            "occurred_at": BEHAVIOUR,
            "type": NONE,
            "duration_ms": NONE,
            "number_of_boots": NONE,
            "is_update_boot": NONE,
        },
    ),
)
register(
    PerformanceSample,
    Classification(keys={"device": "device_id"}, fields={**BUCKET, **metric_classes(PERFORMANCE)}),
)
register(
    PerformanceDaily,
    Classification(
        keys={"device": "device_id"},
        fields={**BUCKET, **metric_classes(PERFORMANCE, daily=True)},
    ),
)
