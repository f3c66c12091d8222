"""The lists of devices: what they consist of (data-model.md 2.2)."""

from collections.abc import Sequence

from django.db import models

from apps.devices.choices import (
    AdapterType,
    DiskHealth,
    DiskType,
    FirewallProtection,
    LocalAdminType,
    RealTimeProtection,
    UpToDate,
)
from apps.devices.models import (
    Antivirus,
    Battery,
    Cpu,
    Disk,
    Display,
    Firewall,
    Gpu,
    LocalAdmin,
    MemoryModule,
    NetworkAdapter,
    Volume,
)
from apps.devices.nql.objects import DEVICE
from apps.nql.catalog import Field, Table, register


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
