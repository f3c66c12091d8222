"""By which enrolment keys devices came in, for the rules that classify them."""

from collections.abc import Collection, Mapping

from apps.collectors.models import Collector, EnrolmentKey
from apps.devices import classification
from apps.devices.classification import NO_ORIGIN, Origin


def of_key(key: EnrolmentKey | None) -> Origin:
    """Return what rules may read of a key, whose entity has been read."""
    if key is None:
        return NO_ORIGIN
    return Origin(key.name, key.entity_id, key.entity.path if key.entity else "")


def read(device_ids: Collection[int]) -> Mapping[int, Origin]:
    """Return the origins of devices that came in by a key. Cost: 1 query."""
    rows = Collector.objects.filter(device_id__in=device_ids, enrolment_key__isnull=False)
    values = rows.values_list(
        "device_id",
        "enrolment_key__name",
        "enrolment_key__entity_id",
        "enrolment_key__entity__path",
    )
    return {key: Origin(name, entity_id, path or "") for key, name, entity_id, path in values}


classification.register_origins(read)
