"""Administration of devices, a module for each noun."""

from apps.devices.admin import changes, devices, samples, stops
from apps.devices.admin.base import DeviceEventAdmin

__all__ = ["DeviceEventAdmin", "changes", "devices", "samples", "stops"]
