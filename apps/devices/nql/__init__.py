"""Tables of devices that can be asked (data-model.md 2.1, 2.2, 3)."""

from apps.devices.nql import events, lists, objects

__all__ = ["events", "lists", "objects"]
