"""Devices and boots for the tests of core's bases."""

from datetime import timedelta
from itertools import count
from typing import Any

from apps.accounts.models import Account
from apps.core.personal_data import PrivacyLevel
from apps.devices.models import Boot, Context, Device
from apps.organization.models import Entity
from tests.conftest import NOW

_ids = count(1_000)


def make_device(name: str, entity: Entity, **values: Any) -> Device:
    """Return a device of an entity, used by several people."""
    context, _ = Context.objects.get_or_create(entity=entity, device_platform="linux")
    known = {field.name for field in Device._meta.concrete_fields}
    times = {"enrolled_at", "first_seen_at", "last_seen_at"} & known
    return Device.objects.create(
        **{
            "name": name,
            "entity": entity,
            "context": context,
            "operating_system_platform": "linux",
            "is_one_user": False,
            **dict.fromkeys(times, NOW),
            **values,
        }
    )


def make_boot(device: Device, ago: timedelta = timedelta(hours=1), **values: Any) -> Boot:
    """Return a boot of a device some time before now."""
    return Boot.objects.create(
        id=next(_ids), device=device, context=device.context, occurred_at=NOW - ago, **values
    )


def hide(account: Account, level: PrivacyLevel) -> None:
    """Set the privacy level of the account's main profile."""
    assert account.main_profile is not None
    account.main_profile.privacy_level = level
    account.main_profile.save()
