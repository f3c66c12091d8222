"""Links of event tables to the device and its situation."""

from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.events.links import event_link


def device_link() -> models.ForeignKey[Any, Any]:
    """Return the link to the device: first in every key."""
    return event_link(
        "devices.Device", verbose_name=_("device"), help_text=_("Device that reported.")
    )


def context_link() -> models.ForeignKey[Any, Any]:
    """Return the link to the device's situation at that time."""
    return event_link(
        "devices.Context", verbose_name=_("context"), help_text=_("Situation at that time.")
    )


def list_link(name: str) -> models.ForeignKey[Any, Any]:
    """Return the link of a list's item to its device. name: of the list."""
    return models.ForeignKey(
        "devices.Device", on_delete=models.CASCADE, related_name=name, verbose_name=_("device")
    )
