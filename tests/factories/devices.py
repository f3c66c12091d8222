"""What rules and people do to devices, without either."""

from datetime import datetime

from django.db import transaction

from apps.devices import classification
from apps.devices.models import Device
from apps.organization.models import Entity
from tests.conftest import NOW


@transaction.atomic
def move_device(*, device: Device, entity: Entity, now: datetime = NOW) -> None:
    """Put a device into another entity."""
    classification.put([(device, entity)], now=now)
