"""Who answers for the fold: devices of one person."""

from collections.abc import Iterable, Sequence

from apps.devices.models import Device
from apps.events import folding


def one_user_devices(device_ids: Sequence[int]) -> Iterable[int]:
    """Return those of some devices that one person uses, as far as anybody knows. Cost: 1 query."""
    shared = Device.objects.filter(pk__in=device_ids, is_one_user=False)
    known = set(shared.values_list("pk", flat=True))
    return [device_id for device_id in device_ids if device_id not in known]


folding.register(one_user_devices)
