"""Panels of this app on the page of a device, a module for each question they answer."""

from apps.devices.page import attention, changes, equipment, network, protection, stability

__all__ = ["attention", "changes", "equipment", "network", "protection", "stability"]
