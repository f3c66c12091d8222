"""Inventory parts about the device itself (the structs are the protocol)."""

from apps.devices.inventory import agent, equipment, network, protection, storage, system
from apps.devices.permitted import permitted_name, permitted_path

__all__ = [
    "agent",
    "equipment",
    "network",
    "permitted_name",
    "permitted_path",
    "protection",
    "storage",
    "system",
]
