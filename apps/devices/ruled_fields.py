"""Custom fields of devices that rules fill: for one device when it changes, for all after a change.

The organisation keeps the rules; here their facts are read, and the values are written.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any

from django.db import transaction

from apps.core.locks import advisory_lock, transaction_lock
from apps.core.scope import Scope
from apps.devices import classification, moves
from apps.devices.models import Device
from apps.organization import custom_fields, field_rules
from apps.organization.choices import FieldFact, RuleFact
from apps.organization.classification import Facts
from apps.organization.field_rules import Filling, FillingPreview, Valuer
from apps.organization.models import CustomField
from apps.organization.querysets import paths_of
from apps.organization.services.fields import LOCK as DEFINITIONS

LOCK = "devices.fill_fields"
CHUNK = 1_000  # devices of one transaction
OWN_COLUMNS = ("hardware_manufacturer", "hardware_model", "operating_system_name")
COLUMNS = (*classification.COLUMNS, *OWN_COLUMNS, "custom")
FACTS_OF_COLUMNS: Mapping[str, str] = {
    **classification.FACTS_OF_COLUMNS,
    "collector_local_ip": RuleFact.LOCAL_ADDRESS,
    **{str(FieldFact(name)): str(FieldFact(name)) for name in OWN_COLUMNS},
}

Asked = Sequence[tuple[CustomField, Valuer]]


def reconsider(*, device_ids: Collection[int], reads: Collection[str] = ()) -> int:
    """Fill the fields of devices anew, and return how many devices changed.

    reads: facts that changed; only fields whose rules read one of them are looked at. Cost: 1
    query where there is none, else at most 5, however many devices.
    """
    fields = _fields_reading(reads)
    return _fill([field.pk for field in fields], device_ids) if fields and device_ids else 0


@transaction.atomic
def _fill(field_ids: Collection[int], device_ids: Collection[int]) -> int:
    devices = list(
        Device.objects.select_for_update(of=("self",))
        .filter(pk__in=device_ids)
        .select_related("entity")
        .only("entity__path", *COLUMNS)
        .order_by("pk")
    )
    # Read once the devices are locked: a run by newer rules waits for them, and comes after us.
    # A field that is being deleted is left out; should it stay after all, `restart` fills it.
    asked = _asked(CustomField.objects.held(field_ids))
    origins = classification.origins_of([device.pk for device in devices])
    changed = []
    for device in devices:
        origin = origins.get(device.pk, classification.NO_ORIGIN)
        facts = facts_of(_values(device), device.entity.path, origin)
        puts = [custom_fields.put(device, row, valuer.value_for(facts)) for row, valuer in asked]
        if any(puts):
            changed.append(device)
    Device.objects.bulk_update(changed, ["custom"])
    return len(changed)


def facts_of(values: Mapping[str, Any], entity_path: str, origin: classification.Origin) -> Facts:
    """Return what rules of fields may read of a device."""
    own = {name: values[name] for name in OWN_COLUMNS}
    return replace(classification.facts_of(values, origin), entity_path=entity_path, **own)


def run_waiting() -> int:
    """Fill the fields whose rules changed, one worker at a time; return how many devices changed.

    Cost: a quarter of a minute for 100,000 devices, thrice that where all of them change, in
    transactions of CHUNK devices.
    """
    changed = 0
    with advisory_lock(LOCK) as acquired:
        while acquired and (number := _do_chunk()) is not None:
            changed += number
    return changed


@transaction.atomic
def _do_chunk() -> int | None:
    """Fill the next devices, and note how far it is; None at the end.

    Fields that are further on are filled again with the others, rather than in a pass of their own.
    """
    transaction_lock(DEFINITIONS)
    # Locked, so that whoever has all asked again meanwhile comes after us; not as for a deletion,
    # by which reports would leave the fields out.
    rows = CustomField.objects.waiting().select_for_update(no_key=True).order_by("pk")
    waiting = {row.pk: row.filled_device_id or 0 for row in rows}
    if not waiting:
        return None
    after = Device.objects.filter(pk__gt=min(waiting.values())).order_by("pk")
    device_ids = list(after.values_list("pk", flat=True)[:CHUNK])
    if not device_ids:
        CustomField.objects.filter(pk__in=waiting).update(filled_device_id=None)
        return None
    reached = [key for key, place in waiting.items() if place <= device_ids[-1]]
    changed = _fill(reached, device_ids)
    CustomField.objects.filter(pk__in=reached).update(filled_device_id=device_ids[-1])
    return changed


def restart() -> None:
    """Have all rules asked again: what they read may change where no report tells of it.

    Keys are renamed, names become pseudonyms, addresses are deleted.
    """
    CustomField.objects.restart()


class Machines:
    """What the organisation asks of the devices."""

    def preview(self, row: CustomField, filling: Filling, scope: Scope) -> FillingPreview:
        """Return what a filling would do to the devices that the caller sees.

        Writes nothing. Cost: 2 queries, 1 per CHUNK devices; about a second for 20,000 devices.
        """
        valuer = Valuer(filling, paths_of(filling.rules))
        by_rule: Counter[int | None] = Counter()
        devices = changing = 0
        for rows in _chunks(scope):
            origins = classification.origins_of([found["id"] for found in rows])
            for found in rows:
                origin = origins.get(found["id"], classification.NO_ORIGIN)
                place = valuer.place_for(facts_of(found, found["entity__path"], origin))
                value = filling.otherwise if place is None else filling.rules[place].value
                by_rule[place] += 1
                changing += found["custom"].get(row.nql_id) != value
            devices += len(rows)
        unmatched = by_rule.pop(None, 0)
        return FillingPreview(
            devices=devices,
            by_rule={place: number for place, number in by_rule.items() if place is not None},
            unmatched=unmatched,
            by_value=_by_value(filling, by_rule, unmatched),
            changing=changing,
        )

    def hides(self, facts: Iterable[str], scope: Scope) -> bool:
        """Return whether rules would read what is hidden from a caller. Cost: no query."""
        read = set(facts)
        columns = FACTS_OF_COLUMNS.items()
        return any(fact in read and scope.may_hide(Device, column) for column, fact in columns)

    def left(self, row: CustomField) -> int:
        """Return how many devices wait for the rules of now. Cost: at most 1 query."""
        if row.filled_device_id is None:
            return 0
        return Device.objects.filter(pk__gt=row.filled_device_id).count()


field_rules.register(Machines())


def _fields_reading(reads: Collection[str]) -> list[CustomField]:
    """Return the fields whose rules read one of these facts, all for none. Cost: 1 query."""
    fields = CustomField.objects.ruled()
    return [row for row in fields if not reads or Filling.of_row(row).facts & set(reads)]


def _asked(fields: Iterable[CustomField]) -> Asked:
    """Return fields with their rules, ready to be asked. Cost: at most 2 queries."""
    fillings = [(row, Filling.of_row(row)) for row in fields]
    paths = paths_of([rule for _row, filling in fillings for rule in filling.rules])
    return [(row, Valuer(filling, paths)) for row, filling in fillings]


def _values(device: Device) -> dict[str, Any]:
    return {column: getattr(device, column) for column in COLUMNS}


def _by_value(
    filling: Filling, by_rule: Mapping[int | None, int], unmatched: int
) -> list[tuple[Any, int]]:
    """Return how many devices have each value, the most first."""
    found: Counter[Any] = Counter({filling.otherwise: unmatched})
    for place, rule in enumerate(filling.rules):
        found[rule.value] += by_rule.get(place, 0)
    return found.most_common()


def _chunks(scope: Scope) -> Iterable[list[dict[str, Any]]]:
    """Yield the devices that a caller sees, as values."""
    rows = Device.objects.permitted_to(scope).order_by("pk")
    found = rows.values("id", "entity__path", *COLUMNS).iterator(chunk_size=CHUNK)
    while chunk := list(islice(found, CHUNK)):
        yield chunk


def _moved(moved: Sequence[moves.Move]) -> None:
    device_ids = [device_id for device_id, _before, _now in moved]
    reconsider(device_ids=device_ids, reads=[FieldFact.ENTITY])


moves.register(_moved)
