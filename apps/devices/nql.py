"""Tables of devices that can be asked (data-model.md 2.1, 2.2, 3)."""

from collections.abc import Sequence

from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.devices.choices import (
    AdapterType,
    Architecture,
    BootType,
    ChangeProperty,
    DesktopBroker,
    DeviceKind,
    DiskHealth,
    DiskType,
    FirewallProtection,
    HardwareType,
    InventoryState,
    LocalAdminType,
    LocationType,
    MembershipType,
    Platform,
    RealTimeProtection,
    UpdateGroup,
    UpToDate,
    UserAccountControlStatus,
    VirtualizationType,
    VpnStatus,
)
from apps.devices.models import (
    Antivirus,
    Battery,
    Boot,
    ConnectivitySample,
    Cpu,
    Device,
    DeviceChange,
    Disk,
    Display,
    Firewall,
    Gpu,
    HardReset,
    LocalAdmin,
    MemoryModule,
    NetworkAdapter,
    PerformanceSample,
    Sleep,
    SystemCrash,
    Volume,
)
from apps.nql.catalog import Field, Link, Table, register

DEVICE = Link("device", "device", "device.devices")
VIRTUALIZATION = (
    "desktop_pool",
    "disk_image",
    "environment_name",
    "hostname",
    "hypervisor_name",
    "instance_size",
    "region",
)
# Identity, state and versions of the collector come from its own app.
COLLECTOR_FIELDS = (
    Field("collector.target_version", "version"),
    Field("collector.target_update_date", "datetime"),
    Field("collector.update_group", "enum", values=UpdateGroup.values),
    Field("collector.tag_id", "int"),
    Field("collector.tag_string", "string"),
    Field("collector.local_ip", "ip"),
    Field("collector.capabilities", "string array"),
    Field("collector.dropped_records", "int"),
    Field("collector.refused_records", "int"),
    Field("collector.local_restrictions", "string array"),
)

register(
    Table(
        name="device.devices",
        model=Device,
        kind="object",
        record="device",
        permission="devices.view_device",
        fields=[
            Field("name", "string", is_default=True),
            Field("uid", "uuid"),
            Field("kind", "enum", values=DeviceKind.values),
            Field("is_simulated", "bool"),
            Field("is_one_user", "bool"),
            Field(
                "expires",
                "datetime",
                column="last_seen_at",
                derived="end_of_inventory",
                description=_("End of the inventory's term without new activity."),
            ),
            Field("inventory_state", "enum", values=InventoryState.values),
            Field("sid", "string"),
            Field("distinguished_name", "string"),
            Field("group_name", "string"),
            Field("membership_type", "enum", values=MembershipType.values),
            Field("entity", "string", is_default=True),
            Field("organization.entity", "string", column="entity"),
            Field("configuration_tag", "string"),
            Field("first_seen", "datetime"),
            Field("last_seen", "datetime", is_default=True),
            Field("days_since_last_seen", "int", column="last_seen_at", derived="days_since"),
            *COLLECTOR_FIELDS,
            Field("hardware.type", "enum", values=HardwareType.values, is_default=True),
            Field("hardware.manufacturer", "string"),
            Field("hardware.model", "string", is_default=True),
            Field("hardware.product_line", "string"),
            Field("hardware.product_version", "string"),
            Field("hardware.bios_serial_number", "string"),
            Field("hardware.chassis_serial_number", "string"),
            Field("hardware.machine_serial_number", "string"),
            Field("hardware.memory", "bytes"),
            Field("hardware.tpm_version", "version"),
            Field("hardware.firmware_version", "version"),
            Field("hardware.secure_boot_enabled", "bool"),
            Field("battery.health", "percent"),
            Field("battery.cycle_count", "int"),
            Field("operating_system.name", "string", is_default=True),
            Field("operating_system.platform", "enum", values=Platform.values),
            Field("operating_system.version", "version"),
            Field("operating_system.build", "version"),
            Field("operating_system.architecture", "enum", values=Architecture.values),
            Field("operating_system.installation_time", "datetime"),
            Field("operating_system.last_update", "datetime"),
            Field(
                "operating_system.days_since_last_update",
                "int",
                column="operating_system_last_update_at",
                derived="days_since",
            ),
            Field("operating_system.is_restart_pending", "bool"),
            Field("boot.last_full_boot_time", "datetime"),
            Field("boot.last_full_boot_duration", "duration"),
            Field(
                "boot.days_since_last_full_boot",
                "int",
                column="boot_last_full_boot_time_at",
                derived="days_since",
            ),
            Field("login.last_login_user_name", "string"),
            Field("login.last_login_time", "datetime"),
            Field("public_ip.ip_address", "ip"),
            *(Field(f"public_ip.{name}", "string") for name in ("isp", "country", "state", "city")),
            *(Field(f"location.{name}", "string") for name in ("country", "state", "city", "site")),
            Field("location.type", "enum", values=LocationType.values),
            Field("connectivity.last_connectivity_type", "enum", values=AdapterType.values),
            Field("connectivity.last_vpn_status", "enum", values=VpnStatus.values),
            Field("virtualization.type", "enum", values=VirtualizationType.values),
            Field("virtualization.desktop_broker", "enum", values=DesktopBroker.values),
            *(Field(f"virtualization.{name}", "string") for name in VIRTUALIZATION),
            Field("virtualization.last_update", "datetime"),
            Field("user_account_control_status", "enum", values=UserAccountControlStatus.values),
        ],
    )
)


def _offer_list(name: str, model: type[models.Model], record: str, fields: Sequence[Field]) -> None:
    """Offer a list of 2.2, which whoever sees devices may ask for."""
    register(
        Table(
            name=f"device.{name}",
            model=model,
            kind="list",
            record=record,
            permission="devices.view_device",
            links=[DEVICE],
            fields=fields,
        )
    )


_offer_list(
    "antiviruses",
    Antivirus,
    "antivirus",
    [
        Field("name", "string", is_default=True),
        Field("version", "version", is_default=True),
        Field("is_up_to_date", "enum", values=UpToDate.values, is_default=True),
        Field("real_time_protection", "enum", values=RealTimeProtection.values, is_default=True),
    ],
)
_offer_list(
    "batteries",
    Battery,
    "battery",
    [
        Field("name", "string", is_default=True),
        Field("manufacturer", "string"),
        Field("design_capacity", "float", is_default=True),
        Field("full_capacity", "float", is_default=True),
        Field("cycle_count", "int", is_default=True),
    ],
)
_offer_list(
    "cpus",
    Cpu,
    "cpu",
    [
        Field("name", "string", is_default=True),
        Field("frequency", "frequency", is_default=True),
        Field("number_of_cores", "int", is_default=True),
        Field("number_of_logical_processors", "int"),
    ],
)
_offer_list(
    "disks",
    Disk,
    "disk",
    [
        Field("name", "string", is_default=True),
        Field("manufacturer", "string"),
        Field("model", "string", is_default=True),
        Field("type", "enum", values=DiskType.values, is_default=True),
        Field("size", "bytes", is_default=True),
        Field("health", "enum", values=DiskHealth.values, is_default=True),
        Field("serial_number", "string"),
    ],
)
_offer_list(
    "firewalls",
    Firewall,
    "firewall",
    [
        Field("name", "string", is_default=True),
        Field("real_time_protection", "enum", values=FirewallProtection.values, is_default=True),
    ],
)
_offer_list(
    "gpus",
    Gpu,
    "gpu",
    [
        Field("name", "string", is_default=True),
        Field("memory", "bytes", is_default=True),
        Field("driver_version", "version", is_default=True),
    ],
)
_offer_list(
    "local_admins",
    LocalAdmin,
    "local_admin",
    [
        Field("name", "string", is_default=True),
        Field("type", "enum", values=LocalAdminType.values, is_default=True),
    ],
)
_offer_list(
    "memory_modules",
    MemoryModule,
    "memory_module",
    [
        Field("slot", "string", is_default=True),
        Field("type", "string", is_default=True),
        Field("size", "bytes", is_default=True),
        Field("speed", "frequency", is_default=True),
    ],
)
_offer_list(
    "monitors",
    Display,
    "monitor",
    [
        Field("name", "string", is_default=True),
        Field("manufacturer", "string", is_default=True),
        Field("resolution", "string", is_default=True),
        Field("diagonal", "float"),
        Field("serial_number", "string"),
    ],
)
_offer_list(
    "network_adapters",
    NetworkAdapter,
    "network_adapter",
    [
        Field("name", "string", is_default=True),
        Field("type", "enum", values=AdapterType.values, is_default=True),
        Field("speed", "bit rate", is_default=True),
        Field("is_up", "bool", is_default=True),
        Field("is_virtual", "bool"),
        Field("address", "ip"),
    ],
)
_offer_list(
    "volumes",
    Volume,
    "volume",
    [
        Field("name", "string", is_default=True),
        Field("mount_point", "string", is_default=True),
        Field("file_system", "string"),
        Field("size", "bytes", is_default=True),
        Field("free_space", "bytes", is_default=True),
        Field("is_system", "bool"),
        Field("is_encrypted", "bool"),
    ],
)
register(
    Table(
        name="device_performance.boots",
        model=Boot,
        kind="punctual",
        record="boot",
        permission="devices.view_boot",
        links=[DEVICE],
        fields=[
            Field("time", "datetime", column="occurred_at", is_default=True),
            Field("type", "enum", values=BootType.values, is_default=True),
            Field("duration", "duration", is_default=True),
            Field("number_of_boots", "int"),
            Field("is_update_boot", "bool"),
        ],
    )
)
register(
    Table(
        name="device_performance.events",
        model=PerformanceSample,
        kind="sampled",
        record="event",
        permission="devices.view_performancesample",
        links=[DEVICE],
        fields=[
            Field("start_time", "datetime", column="bucket", is_default=True),
            Field("cpu_usage", "percent", metric="gauge"),
            Field("normalized_cpu_usage", "percent", metric="gauge", is_default=True),
            Field("cpu_queue_length", "float", metric="gauge"),
            Field("cpu.duration_with_high_usage", "duration", metric="counter"),
            Field("cpu.frequency_ratio", "ratio", column="cpu_frequency_ratio", metric="gauge"),
            Field("cpu.dpc_usage", "percent", metric="gauge"),
            # As columns these three would collide with `memory_pressure`.
            Field("cpu.pressure", "percent", column="cpu_some_pressure_ratio", metric="gauge"),
            Field(
                "memory.pressure", "percent", column="memory_some_pressure_ratio", metric="gauge"
            ),
            Field("disk.pressure", "percent", column="disk_some_pressure_ratio", metric="gauge"),
            Field("number_of_logical_processors", "int"),
            Field("used_memory", "bytes", metric="gauge", is_default=True),
            Field("free_memory", "bytes", metric="gauge", is_default=True),
            Field("installed_memory", "bytes"),
            Field("memory_pressure", "percent", metric="gauge"),
            Field(
                "memory_swap_rate", "float", column="memory_swap_rate_bytes_per_s", metric="gauge"
            ),
            Field("duration_with_high_memory_pressure", "duration", metric="counter"),
            Field("duration_with_medium_memory_pressure", "duration", metric="counter"),
            Field("system_drive_free_space", "bytes", metric="gauge"),
            Field("system_drive_usage", "bytes", metric="gauge"),
            Field("system_drive_capacity", "bytes", metric="gauge"),
            Field("non_system_drive_free_space", "bytes", metric="gauge"),
            Field("non_system_drive_usage", "bytes", metric="gauge"),
            Field("non_system_drive_capacity", "bytes", metric="gauge"),
            Field("disk.read_latency", "duration", metric="gauge"),
            Field("disk.write_latency", "duration", metric="gauge"),
            Field("disk.queue_length", "float", metric="gauge"),
            Field(
                "disk.read_operations", "float", column="disk_read_operations_per_s", metric="gauge"
            ),
            Field(
                "disk.write_operations",
                "float",
                column="disk_write_operations_per_s",
                metric="gauge",
            ),
            Field(
                "disk.read_throughput",
                "float",
                column="disk_read_throughput_bytes_per_s",
                metric="gauge",
            ),
            Field(
                "disk.write_throughput",
                "float",
                column="disk_write_throughput_bytes_per_s",
                metric="gauge",
            ),
            Field("gpu.usage", "percent", metric="gauge"),
            Field("gpu.used_memory", "bytes", metric="gauge"),
            Field("battery.level", "percent", metric="gauge"),
            Field("battery.duration_on_battery", "duration", metric="counter"),
            Field("uptime", "duration", metric="gauge"),
        ],
    )
)


def _offer_stops(
    name: str, model: type[models.Model], record: str, fields: Sequence[Field]
) -> None:
    """Offer one of the ways in which a device stops."""
    register(
        Table(
            name=f"device_performance.{name}",
            model=model,
            kind="punctual",
            record=record,
            permission=f"devices.view_{model._meta.model_name}",
            links=[DEVICE],
            fields=[Field("time", "datetime", column="occurred_at", is_default=True), *fields],
        )
    )


_offer_stops(
    "sleeps",
    Sleep,
    "sleep",
    [Field("duration", "duration", is_default=True), Field("number_of_sleeps", "int")],
)
_offer_stops(
    "system_crashes",
    SystemCrash,
    "system_crash",
    [
        Field("error_code", "int", is_default=True),
        Field("error_code_hexadecimal", "string", is_default=True),
        Field("label", "string", is_default=True),
        Field("number_of_system_crashes", "int"),
    ],
)
_offer_stops("hard_resets", HardReset, "hard_reset", [Field("number_of_hard_resets", "int")])
register(
    Table(
        name="connectivity.events",
        model=ConnectivitySample,
        kind="sampled",
        record="event",
        permission="devices.view_connectivitysample",
        links=[DEVICE],
        fields=[
            Field("start_time", "datetime", column="bucket", is_default=True),
            Field(
                "primary_physical_adapter.type",
                "enum",
                values=AdapterType.values,
                is_default=True,
            ),
            Field("primary_physical_adapter.name", "string"),
            Field("primary_physical_adapter.driver_version", "version"),
            Field("wifi.signal_strength", "signal", metric="gauge", is_default=True),
            Field("wifi.noise_level", "signal", metric="gauge"),
            Field("wifi.receive_rate", "bit rate", metric="gauge"),
            Field("wifi.transmission_rate", "bit rate", metric="gauge"),
            Field("wifi.band", "string"),
            Field("wifi.channel", "int"),
            Field("wifi.ssid", "string"),
            Field("wifi.bssid", "string"),
            Field("local_ip", "ip"),
            Field("gateway_ip", "ip"),
            Field("dns_ips", "ip array"),
            Field("vpn.status", "enum", values=VpnStatus.values),
            Field("vpn.name", "string"),
            Field("connected_duration", "duration", metric="counter"),
            Field("disconnected_duration", "duration", metric="counter"),
            Field("gateway_latency", "duration", metric="gauge"),
            Field("dns_latency", "duration", metric="gauge"),
        ],
    )
)
register(
    Table(
        name="device.changes",
        model=DeviceChange,
        kind="punctual",
        record="change",
        permission="devices.view_devicechange",
        links=[DEVICE],
        fields=[
            Field("time", "datetime", column="occurred_at", is_default=True),
            Field("property", "enum", values=ChangeProperty.values, is_default=True),
            Field("item", "string", is_default=True),
            Field("old_value", "string", is_default=True),
            Field("new_value", "string", is_default=True),
            Field("number_of_changes", "int"),
        ],
    )
)
