"""Where devices are: the sites of the organisation, else what their public addresses tell.

A site says the whole place, and has a name always: a place without a site is one that was looked
up, and goes with what it was looked up from.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.db import transaction

from apps.core import clock
from apps.devices import changes, classification, moves
from apps.devices.changes import Change
from apps.devices.choices import ChangeProperty, LocationType
from apps.devices.classification import PLACE
from apps.devices.models import Device
from apps.organization.choices import FieldFact, RuleFact, SiteFact
from apps.organization.classification import Classifier, Facts
from apps.organization.models import Site
from apps.organization.querysets import classifier_of
from apps.organization.sites import SiteRule

LOOKED_UP = ("public_ip_country", "public_ip_state", "public_ip_city")
COLUMNS = (*classification.COLUMNS, "public_ip_ip_address", *LOOKED_UP)
FACTS_OF_COLUMNS: Mapping[str, str] = {
    **classification.FACTS_OF_COLUMNS,
    "collector_local_ip": RuleFact.LOCAL_ADDRESS,
    "public_ip_ip_address": SiteFact.PUBLIC_ADDRESS,
}

Finder = Classifier[SiteRule]
Place = tuple[str, ...]  # in the order of PLACE


def present() -> Finder:
    """Return the sites of today. Cost: 1 to 2 queries."""
    return classifier_of(Site.objects.as_rules())


def facts_of(values: Mapping[str, Any], entity_path: str, origin: classification.Origin) -> Facts:
    """Return what sites may read of a device."""
    address = str(values["public_ip_ip_address"] or "")
    found = classification.facts_of(values, origin)
    return replace(found, entity_path=entity_path, public_address=address)


def place_of(values: Mapping[str, Any], site: SiteRule | None) -> Place:
    """Return where a device is; site: that takes it, None where none does."""
    if site:
        return site.place
    return (*(values[column] for column in LOOKED_UP), "", LocationType.UNKNOWN.value)


def reconsider(*, device_ids: Collection[int], now: datetime, reads: Collection[str] = ()) -> int:
    """Find the places of devices anew, and return how many are elsewhere.

    reads: facts that changed; without sites that read one of them nothing is done. Cost: 1 query
    where nothing is to do.
    """
    finder = present()
    if reads and not finder.facts & set(reads):
        return 0
    return locate(device_ids=device_ids, now=now, finder=finder)


@transaction.atomic
def locate(*, device_ids: Collection[int], now: datetime, finder: Finder | None = None) -> int:
    """Write where devices are; events from now on happen there. Return how many are elsewhere.

    Safe to run twice. Cost: 4 queries where nothing changes, at most 9 else, however many devices.
    """
    devices = list(
        Device.objects.select_for_update(of=("self",))
        .filter(pk__in=device_ids)
        .select_related("entity", "context")
        .only("entity__path", "context", *COLUMNS, *PLACE)
        .order_by("pk")
    )
    finder = finder or present()
    origins = classification.origins_of([device.pk for device in devices])
    moved = []
    for device in devices:
        values = {column: getattr(device, column) for column in COLUMNS}
        origin = origins.get(device.pk, classification.NO_ORIGIN)
        site = finder.rule_for(facts_of(values, device.entity.path, origin))
        place = place_of(values, site)
        if not _place(device) == _place(device.context) == place:
            moved.append((device, place))
    _put(moved, now)
    return len(moved)


def _put(moved: Sequence[tuple[Device, Place]], now: datetime) -> None:
    if not moved:
        return
    # Sites alone: what was looked up from an address is kept nowhere else.
    changes.store(
        [
            (device.pk, device.context_id, _change(device, place))
            for device, place in moved
            if _site(device) != place[PLACE.index("location_site")]
        ],
        now=now,
    )
    keys = {device.pk: _context_key(device, place) for device, place in moved}
    contexts = classification.contexts_of(keys.values())
    for device, place in moved:
        for name, value in zip(PLACE, place, strict=True):
            setattr(device, name, value)
        device.context_id = contexts[keys[device.pk]]
    Device.objects.bulk_update([device for device, _ in moved], ["context", *PLACE])


def _change(device: Device, place: Place) -> Change:
    new = place[PLACE.index("location_site")]
    return Change(ChangeProperty.LOCATION, "site", _site(device), new)


def _context_key(device: Device, place: Place) -> tuple[Any, ...]:
    return (device.entity_id, device.operating_system_platform, *place)


def _site(device: Device) -> str:
    return device.location_site


def _place(row: Any) -> Place:
    return tuple(getattr(row, name) for name in PLACE)


def _moved(moved: Sequence[moves.Move]) -> None:
    """Ask the sites that read the entity."""
    device_ids = [device_id for device_id, _before, _now in moved]
    reconsider(device_ids=device_ids, reads=[FieldFact.ENTITY], now=clock.now())


moves.register(_moved)
