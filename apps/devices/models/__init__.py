"""Tables of devices."""

from apps.devices.models.boot import Boot
from apps.devices.models.change import DeviceChange
from apps.devices.models.classification import ClassificationRun
from apps.devices.models.connectivity import ConnectivityDaily, ConnectivitySample
from apps.devices.models.context import Context
from apps.devices.models.device import Device
from apps.devices.models.equipment import (
    Battery,
    Cpu,
    Display,
    Gpu,
    MemoryModule,
    NetworkAdapter,
)
from apps.devices.models.fleet import FleetNow
from apps.devices.models.inventory import Disk, InventoryPart, Volume
from apps.devices.models.performance import PerformanceDaily, PerformanceSample
from apps.devices.models.protection import Antivirus, Firewall, LocalAdmin
from apps.devices.models.stops import HardReset, Sleep, SystemCrash

__all__ = [
    "Antivirus",
    "Battery",
    "Boot",
    "ClassificationRun",
    "ConnectivityDaily",
    "ConnectivitySample",
    "Context",
    "Cpu",
    "Device",
    "DeviceChange",
    "Disk",
    "Display",
    "Firewall",
    "FleetNow",
    "Gpu",
    "HardReset",
    "InventoryPart",
    "LocalAdmin",
    "MemoryModule",
    "NetworkAdapter",
    "PerformanceDaily",
    "PerformanceSample",
    "Sleep",
    "SystemCrash",
    "Volume",
]
