"""Tables of devices that can be asked (data-model.md 2.1, 2.2, 3.1, 3.2)."""

from apps.devices.choices import (
    Architecture,
    BootType,
    DeviceKind,
    DiskHealth,
    DiskType,
    HardwareType,
    InventoryState,
    MembershipType,
    Platform,
)
from apps.devices.models import Boot, Device, Disk, PerformanceSample, Volume
from apps.nql.catalog import Field, Link, Table, register

DEVICE = Link("device", "device", "device.devices")

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
            Field("inventory_state", "enum", values=InventoryState.values),
            Field("group_name", "string"),
            Field("membership_type", "enum", values=MembershipType.values),
            Field("entity", "string", is_default=True),
            Field("organization.entity", "string", column="entity"),
            Field("configuration_tag", "string"),
            Field("first_seen", "datetime"),
            Field("last_seen", "datetime", is_default=True),
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
            Field("operating_system.name", "string", is_default=True),
            Field("operating_system.platform", "enum", values=Platform.values),
            Field("operating_system.version", "version"),
            Field("operating_system.build", "version"),
            Field("operating_system.architecture", "enum", values=Architecture.values),
            Field("operating_system.installation_time", "datetime"),
            Field("operating_system.last_update", "datetime"),
            Field("operating_system.is_restart_pending", "bool"),
            Field("boot.last_full_boot_time", "datetime"),
            Field("boot.last_full_boot_duration", "duration"),
        ],
    )
)
register(
    Table(
        name="device.disks",
        model=Disk,
        kind="list",
        record="disk",
        permission="devices.view_device",
        links=[DEVICE],
        fields=[
            Field("name", "string", is_default=True),
            Field("manufacturer", "string"),
            Field("model", "string", is_default=True),
            Field("type", "enum", values=DiskType.values, is_default=True),
            Field("size", "bytes", is_default=True),
            Field("health", "enum", values=DiskHealth.values, is_default=True),
            Field("serial_number", "string"),
        ],
    )
)
register(
    Table(
        name="device.volumes",
        model=Volume,
        kind="list",
        record="volume",
        permission="devices.view_device",
        links=[DEVICE],
        fields=[
            Field("name", "string", is_default=True),
            Field("mount_point", "string", is_default=True),
            Field("file_system", "string"),
            Field("size", "bytes", is_default=True),
            Field("free_space", "bytes", is_default=True),
            Field("is_system", "bool"),
            Field("is_encrypted", "bool"),
        ],
    )
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
