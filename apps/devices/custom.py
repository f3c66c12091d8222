"""Custom fields of devices: the table that keeps them, and the panel that shows them."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from apps.core.admin.detail import Visit
from apps.devices.models import Device
from apps.devices.panels import Panel, register
from apps.organization import custom_fields
from apps.organization.choices import FieldTarget
from apps.organization.values_page import facts_of

custom_fields.register(FieldTarget.DEVICE, Device, asked_as="device.devices")


def facts(device: Device, visit: Visit) -> Mapping[str, Any] | None:
    """Return the fields with a value that the caller may see. Cost: 1 query where it has any."""
    found = facts_of(device, visit)
    return {"facts": found} if found else None


register(Panel("custom", _("Custom fields"), 27, facts))
