"""Tables of devices."""

from apps.devices.models.boot import Boot
from apps.devices.models.context import Context
from apps.devices.models.device import Device
from apps.devices.models.inventory import Disk, InventoryPart, Volume
from apps.devices.models.performance import PerformanceDaily, PerformanceSample

__all__ = [
    "Boot",
    "Context",
    "Device",
    "Disk",
    "InventoryPart",
    "PerformanceDaily",
    "PerformanceSample",
    "Volume",
]
