"""What the device tables say about people: every field, no exception."""

from apps.core.personal_data import (
    BEHAVIOUR,
    DIRECT,
    FREE_TEXT,
    NONE,
    PSEUDONYM,
    Classification,
    appraisal,
    narrow,
    of,
    register,
)
from apps.core.personal_data.classes import AnyClass
from apps.devices.metrics import CONNECTIVITY, PERFORMANCE
from apps.devices.models import (
    Antivirus,
    Battery,
    Boot,
    ClassificationRun,
    ConnectivityDaily,
    ConnectivitySample,
    Context,
    Cpu,
    Device,
    DeviceChange,
    Disk,
    Display,
    Firewall,
    FleetNow,
    Gpu,
    HardReset,
    InventoryPart,
    LocalAdmin,
    MemoryModule,
    NetworkAdapter,
    PerformanceDaily,
    PerformanceSample,
    Sleep,
    SystemCrash,
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
            "is_entity_pinned": NONE,
            "context": NONE,
            "name": DIRECT,  # often holds the employee's name
            "kind": NONE,
            "is_simulated": NONE,
            "is_one_user": NONE,
            "inventory_state": NONE,
            "sid": PSEUDONYM,
            "distinguished_name": PSEUDONYM,
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
            "battery_health_ratio": NONE,
            "battery_cycle_count": NONE,
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
            "user_account_control_status": NONE,
            "boot_last_full_boot_time_at": NONE,
            "boot_last_full_boot_duration_ms": NONE,
            "login_last_login_user_name": of(DIRECT, "user"),
            "login_last_login_time_at": appraisal(of(BEHAVIOUR, "user")),
            "connectivity_last_connectivity_type": NONE,
            "connectivity_last_vpn_status": BEHAVIOUR,
            "connectivity_told_at": BEHAVIOUR,
            "collector_target_version": NONE,
            "collector_target_version_key": NONE,
            "collector_target_update_date_at": NONE,
            "collector_update_group": NONE,
            "collector_tag_id": NONE,
            "collector_tag_string": NONE,
            "collector_local_ip": PSEUDONYM,
            "collector_capabilities": NONE,
            "collector_local_restrictions": NONE,
            "collector_dropped_records": NONE,
            "collector_refused_records": NONE,
            "public_ip_ip_address": PSEUDONYM,
            "public_ip_isp": narrow(BEHAVIOUR),
            "public_ip_country": narrow(BEHAVIOUR),
            "public_ip_state": narrow(BEHAVIOUR),
            "public_ip_city": narrow(BEHAVIOUR),
            "location_country": narrow(BEHAVIOUR),
            "location_state": narrow(BEHAVIOUR),
            "location_city": narrow(BEHAVIOUR),
            "location_site": narrow(BEHAVIOUR),
            "location_type": BEHAVIOUR,
            "virtualization_type": NONE,
            "virtualization_desktop_broker": NONE,
            "virtualization_desktop_pool": NONE,
            "virtualization_disk_image": NONE,
            "virtualization_environment_name": NONE,
            "virtualization_hostname": NONE,
            "virtualization_hypervisor_name": NONE,
            "virtualization_instance_size": NONE,
            "virtualization_region": NONE,
            "virtualization_last_update_at": NONE,
            "custom": FREE_TEXT,  # each definition states its own class
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


def of_list(**fields: AnyClass) -> Classification:
    """Return the classes of a list's item."""
    return Classification(
        keys={"device": "device_id"},
        masked_for="one_user_device",
        fields={"id": NONE, "device": PSEUDONYM, **fields},
    )


register(
    Antivirus,
    of_list(
        name=NONE, version=NONE, version_key=NONE, is_up_to_date=NONE, real_time_protection=NONE
    ),
)
register(
    Battery,
    of_list(
        name=NONE, manufacturer=NONE, design_capacity=NONE, full_capacity=NONE, cycle_count=NONE
    ),
)
register(
    Cpu,
    of_list(name=NONE, frequency_mhz=NONE, number_of_cores=NONE, number_of_logical_processors=NONE),
)
register(
    Disk,
    of_list(
        name=NONE,
        manufacturer=NONE,
        model=NONE,
        type=NONE,
        size_bytes=NONE,
        health=NONE,
        serial_number=PSEUDONYM,
    ),
)
register(
    Display,
    of_list(name=NONE, manufacturer=NONE, resolution=NONE, diagonal=NONE, serial_number=PSEUDONYM),
)
register(Firewall, of_list(name=NONE, real_time_protection=NONE))
register(Gpu, of_list(name=NONE, memory_bytes=NONE, driver_version=NONE, driver_version_key=NONE))
register(LocalAdmin, of_list(name=of(DIRECT, "user"), type=NONE))
register(MemoryModule, of_list(slot=NONE, type=NONE, size_bytes=NONE, speed_mhz=NONE))
register(
    NetworkAdapter,
    of_list(name=NONE, type=NONE, speed_bps=NONE, is_up=NONE, is_virtual=NONE, address=PSEUDONYM),
)
register(
    Volume,
    of_list(
        name=DIRECT,  # people call a stick by their own name
        mount_point=DIRECT,  # /media/<login>/<label>
        file_system=NONE,
        size_bytes=NONE,
        free_space_bytes=NONE,
        is_system=NONE,
        is_encrypted=NONE,
    ),
)

EVENT: dict[str, AnyClass] = {"id": NONE, "source": NONE, "device": PSEUDONYM, "context": NONE}
WHEN = BEHAVIOUR  # of a one-user device it tells when a person works
PERFORMANCE_BUCKET: dict[str, AnyClass] = {
    **EVENT,
    "bucket": WHEN,
    "number_of_logical_processors": NONE,
    "installed_memory_bytes": NONE,
}
CONNECTIVITY_BUCKET: dict[str, AnyClass] = {
    **EVENT,
    "bucket": WHEN,
    "primary_physical_adapter_type": NONE,
    "primary_physical_adapter_name": NONE,
    "primary_physical_adapter_driver_version": NONE,
    "primary_physical_adapter_driver_version_key": NONE,
    "wifi_band": NONE,
    "wifi_channel": NONE,
    "wifi_ssid": PSEUDONYM,
    "wifi_bssid": PSEUDONYM,
    "local_ip": PSEUDONYM,
    "gateway_ip": PSEUDONYM,
    "dns_ips": PSEUDONYM,
    "vpn_status": BEHAVIOUR,
    "vpn_name": NONE,
}


def of_event(fields: dict[str, AnyClass]) -> Classification:
    """Return the classes of an event table."""
    return Classification(keys={"device": "device_id"}, masked_for="one_user_device", fields=fields)


register(
    Boot,
    of_event(
        {
            **EVENT,
            "occurred_at": WHEN,
            "type": NONE,
            "duration_ms": NONE,
            "number_of_boots": NONE,
            "is_update_boot": NONE,
        }
    ),
)
register(
    Sleep,
    of_event({**EVENT, "occurred_at": WHEN, "duration_ms": NONE, "number_of_sleeps": NONE}),
)
register(
    SystemCrash,
    of_event(
        {
            **EVENT,
            "occurred_at": WHEN,
            "error_code": NONE,
            "error_code_hexadecimal": NONE,
            "label": NONE,
            "number_of_system_crashes": NONE,
        }
    ),
)
register(HardReset, of_event({**EVENT, "occurred_at": WHEN, "number_of_hard_resets": NONE}))
register(
    DeviceChange,
    of_event(
        {
            **EVENT,
            "occurred_at": WHEN,
            "property": NONE,
            "item": NONE,
            "old_value": FREE_TEXT,
            "new_value": FREE_TEXT,
            "number_of_changes": NONE,
        }
    ),
)
for _model, _fields, _metrics, _daily in (
    (PerformanceSample, PERFORMANCE_BUCKET, PERFORMANCE, False),
    (PerformanceDaily, PERFORMANCE_BUCKET, PERFORMANCE, True),
    (ConnectivitySample, CONNECTIVITY_BUCKET, CONNECTIVITY, False),
    (ConnectivityDaily, CONNECTIVITY_BUCKET, CONNECTIVITY, True),
):
    register(_model, of_event({**_fields, **metric_classes(_metrics, daily=_daily)}))
register(
    ClassificationRun,
    Classification(
        fields={
            "id": NONE,
            "state": NONE,
            "total": NONE,
            "done": NONE,
            "moved": NONE,
            "purpose": NONE,
            "last_device_id": NONE,  # a place in the order
            "error": NONE,
            "author": of(PSEUDONYM, "account"),
            "created_at": NONE,
            "heartbeat_at": NONE,
            "finished_at": NONE,
        }
    ),
)
register(
    FleetNow,
    Classification(
        fields={
            "id": NONE,
            "entity": NONE,
            "platform": NONE,
            "hardware_type": NONE,
            "devices": NONE,
            "active_day": NONE,
            "active_week": NONE,
        }
    ),
)
