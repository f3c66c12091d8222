"""Where devices belong: the rules of the organisation, asked for one device or for many.

The rules know no device; here their facts are read, and what they decide is written.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from apps.devices import changes
from apps.devices import moves as hooks
from apps.devices.changes import Change, is_hashed
from apps.devices.choices import ChangeProperty, Platform
from apps.devices.models import Context, Device
from apps.organization.choices import RuleFact
from apps.organization.classification import Classifier, Facts, Rule
from apps.organization.models import ClassificationRule, Entity
from apps.organization.querysets import classifier_of

COLUMNS = (  # of a device, that rules read
    "name",
    "collector_local_ip",
    "configuration_tag",
    "group_name",
    "distinguished_name",
    "operating_system_platform",
    "collector_tag_string",
    "collector_tag_id",
)
PLACE = (
    "location_country",
    "location_state",
    "location_city",
    "location_site",
    "location_type",
)


@dataclass(frozen=True, slots=True)
class Origin:
    """The enrolment key that let a device in. entity_path: path of ids of its entity."""

    key: str = ""
    entity_id: int | None = None
    entity_path: str = ""


NO_ORIGIN = Origin()
_readers: list[Callable[[Collection[int]], Mapping[int, Origin]]] = []


def register_origins(reader: Callable[[Collection[int]], Mapping[int, Origin]]) -> None:
    """Say how devices came in; called once, from `ready()` of the app that knows the keys.

    reader: device ids -> origins of those that came with a key. Cost: 1 query.
    """
    if _readers:
        raise ValueError("origins are registered already")
    _readers.append(reader)


def origins_of(device_ids: Collection[int]) -> Mapping[int, Origin]:
    """Return by which keys devices came in. Cost: 1 query."""
    return _readers[0](device_ids) if _readers else {}


def present() -> Classifier:
    """Return the rules of today. Cost: 1 to 2 queries."""
    return classifier_of(ClassificationRule.objects.as_rules())


def facts_of(values: Mapping[str, Any], origin: Origin) -> Facts:
    """Return what rules may read of a device; a hashed name is no name."""
    name = values["name"]
    number = values["collector_tag_id"]
    tags = (values["collector_tag_string"], "" if number is None else str(number))
    return Facts(
        device_name="" if is_hashed(name) else name,
        local_address=str(values["collector_local_ip"] or ""),
        configuration_tag=values["configuration_tag"],
        group_name=values["group_name"],
        distinguished_name=values["distinguished_name"],
        enrolment_key=origin.key,
        key_entity_path=origin.entity_path,
        platform=values["operating_system_platform"],
        collector_tags=tags,
    )


@dataclass(frozen=True, slots=True)
class Decision:
    """Where one device belongs; rule: None where no rule takes it."""

    device_id: int
    rule: Rule | None
    entity_id: int


def decide(
    rows: Sequence[Mapping[str, Any]], classifier: Classifier, unclassified_id: int
) -> Iterator[Decision]:
    """Yield where devices belong; rows: `id` and COLUMNS of each. Cost: 1 query."""
    origins = origins_of([row["id"] for row in rows])
    for row in rows:
        origin = origins.get(row["id"], NO_ORIGIN)
        rule = classifier.rule_for(facts_of(row, origin))
        entity_id = rule.entity_id if rule else origin.entity_id or unclassified_id
        yield Decision(row["id"], rule, entity_id)


def entity_of_new(*, name: str, platform: Platform, origin: Origin, otherwise: Entity) -> Entity:
    """Return the entity of a device that enrols; otherwise: where no rule takes it."""
    facts = Facts(
        device_name="" if is_hashed(name) else name,
        enrolment_key=origin.key,
        key_entity_path=origin.entity_path,
        platform=platform,
    )
    rule = present().rule_for(facts)
    return Entity.objects.get(pk=rule.entity_id) if rule else otherwise


def reconsider(*, device_id: int, now: datetime, reads: Collection[str] = ()) -> None:
    """Classify a device of which a report said something new.

    reads: facts that changed; without rules that read one of them nothing is done. Cost: 1 query
    where nothing is to do.
    """
    classifier = present()
    if classifier.facts and (not reads or classifier.facts & set(reads)):
        classify(device_ids=[device_id], classifier=classifier, now=now)


@transaction.atomic
def classify(*, device_ids: Collection[int], classifier: Classifier, now: datetime) -> int:
    """Put devices where the rules want them, pinned ones apart; return how many moved.

    Safe to run twice. Cost: 3 queries where nothing moves, at most 10 else, however many devices.
    """
    devices = {
        device.pk: device
        for device in Device.objects.select_for_update(of=("self",))
        .filter(pk__in=device_ids, is_entity_pinned=False)
        .select_related("entity", "context")
        .only("entity__name", "entity__path", "context", *COLUMNS)
        .order_by("pk")
    }
    unclassified_id = Entity.objects.unclassified().pk
    rows = [{"id": key, **_values(device)} for key, device in devices.items()]
    moves = {
        decision.device_id: decision.entity_id
        for decision in decide(rows, classifier, unclassified_id)
        if devices[decision.device_id].entity_id != decision.entity_id
    }
    entities = Entity.objects.in_bulk(set(moves.values())) if moves else {}
    put([(devices[key], entities[entity_id]) for key, entity_id in moves.items()], now=now)
    return len(moves)


def put(moves: Sequence[tuple[Device, Entity]], *, now: datetime) -> None:
    """Write where devices stand from now on: entity, context, and that it changed.

    What was recorded before keeps the context of its time. Apps that count by entity are told.
    Cost: 4 to 7 queries and those of the hooks, however many devices.
    """
    if not moves:
        return
    changes.store(
        [
            (
                device.pk,
                device.context_id,
                Change(ChangeProperty.ENTITY, "entity", device.entity.name, entity.name),
            )
            for device, entity in moves
        ],
        now=now,
    )
    moved = [(device.pk, device.entity_id, entity.pk) for device, entity in moves]
    contexts = contexts_of([_context_key(device, entity) for device, entity in moves])
    for device, entity in moves:
        device.context_id = contexts[_context_key(device, entity)]
        device.entity = entity
    Device.objects.bulk_update([device for device, _entity in moves], ["entity", "context"])
    hooks.tell(moved)


ContextKey = tuple[Any, ...]


def _context_key(device: Device, entity: Entity) -> ContextKey:
    """Return the situation of a device elsewhere in the tree; its place stays."""
    place = (getattr(device.context, name) for name in PLACE)
    return (entity.pk, device.operating_system_platform, *place)


def contexts_of(keys: Iterable[ContextKey]) -> Mapping[ContextKey, int]:
    """Return the ids of situations, made where they are new. Cost: 1 query, 3 for new ones.

    keys: entity's id, platform, then PLACE.
    """
    wanted = set(keys)
    found = _known_contexts(wanted)
    if missing := wanted - found.keys():
        names = ("entity_id", "device_platform", *PLACE)
        Context.objects.bulk_create(
            [
                Context(**dict(zip(names, key, strict=True)))
                for key in sorted(missing, key=str)  # in one order, so that none deadlock
            ],
            ignore_conflicts=True,
        )
        found = _known_contexts(wanted)
    return found


def _known_contexts(wanted: Collection[ContextKey]) -> dict[ContextKey, int]:
    rows = Context.objects.filter(entity_id__in={key[0] for key in wanted})
    values = rows.values_list("pk", "entity_id", "device_platform", *PLACE)
    return {tuple(key): pk for pk, *key in values if tuple(key) in wanted}


def _values(device: Device) -> dict[str, Any]:
    return {column: getattr(device, column) for column in COLUMNS}


FACTS_OF_COLUMNS: Mapping[str, str] = {
    "name": RuleFact.DEVICE_NAME,
    "configuration_tag": RuleFact.CONFIGURATION_TAG,
    "group_name": RuleFact.GROUP_NAME,
    "distinguished_name": RuleFact.DISTINGUISHED_NAME,
}
