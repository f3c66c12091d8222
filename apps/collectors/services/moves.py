"""Devices that move where more is collected, or come back: what held before is kept (privacy.md 2).

Collecting more of a device needs what every widening needs. So it keeps the stricter values until
somebody withdraws them, which is approved and announced like any other change. What is stricter
still where the device is now holds all the same.

A device that comes back under a new key is a new one; of what was decided for the old one it takes
over what collects less, never what collects more: that was agreed for the old one alone.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from apps.audit import services as audit
from apps.audit.choices import AuditCode
from apps.collectors import differences, effective
from apps.collectors.choices import ConfigurationState, Level, Preset
from apps.collectors.differences import Settings
from apps.collectors.effective import InForce
from apps.collectors.models import CollectorConfiguration
from apps.collectors.services import configuration
from apps.collectors.switches import BY_NAME
from apps.core import clock, generations
from apps.core.errors import DomainError
from apps.core.locks import transaction_lock
from apps.devices import moves
from apps.devices.models import Device
from apps.devices.moves import Move
from apps.organization import services as organization
from apps.organization.models import Entity

SETTLING = timedelta(days=1)  # after enrolment a device is still looked for in the tree


class CollectsMoreThere(DomainError):
    """A branch cannot move to where more is collected."""

    code = "widening_needs_approval"
    status = 409
    message = _(
        "There more is collected than here. First give this entity a configuration of its own with "
        "the values that hold now, then move it; withdrawing that configuration asks for approval."
    )


def keep_stricter(moved: Sequence[Move]) -> None:
    """Keep devices to what was collected of them before, in the transaction of their moves.

    Only where something is kept, every process reads the configurations again, and has to: what it
    knows of a device goes by the device's place, and no place tells these limits.
    Cost: 4 queries where nothing widens; else 4 more and one for each device.
    """
    holding, places = effective.read(), _paths(moved)
    limits = dict(_kept(moved, holding, places))
    wider = [move for move in moved if limits[move[0]]]
    kept = sorted({device_id for device_id, *_way in wider} - _settling(wider))
    over = [device_id for device_id in limits.keys() & holding.kept if not limits[device_id]]
    if kept or over:
        transaction_lock(configuration.LOCK)
        _write({device_id: limits[device_id] for device_id in kept}, over, clock.now())


def keep_of_old(*, old: Device, new: Device, now: datetime) -> None:
    """Keep a device that came back to what was collected of the one that vouched for it.

    Cost: 2 queries where nothing widens, else 5 more.
    """
    holding = effective.read()
    before, after = (
        holding.of(device_id=device.pk, entity_path=device.entity.path).settings
        for device in (old, new)
    )
    keep_to(device=new, limits=_stricter_of(before, after), now=now)


def keep_to(*, device: Device, limits: Settings, now: datetime) -> None:
    """Keep a new device to limits of the one that it was. Cost: none for none, else 5 queries.

    limits: up to 400 days old; settings that are no more are left out.
    """
    known = {name: value for name, value in limits.items() if _is_known(name, value)}
    if known:
        transaction_lock(configuration.LOCK)
        _write({device.pk: known}, [], now, why="kept_after_return")


def limits_of(device_ids: Collection[int]) -> Mapping[int, Settings]:
    """Return what was decided for devices themselves and collects less than their entities do.

    Devices without such limits are left out. Cost: 2 queries, 1 more where something was decided.
    """
    holding = effective.read()
    special = [device_id for device_id in device_ids if holding.is_special(device_id)]
    if not special:
        return {}
    found = {}
    for device_id, path in Device.objects.filter(pk__in=special).values_list("pk", "entity__path"):
        own, common = (
            holding.of(device_id=key, entity_path=path).settings for key in (device_id, 0)
        )
        found[device_id] = _stricter_of(own, common)
    return {device_id: limits for device_id, limits in found.items() if limits}


def refuse_wider_branch(entity: Entity, parent: Entity) -> None:
    """Refuse to move a branch to where more would be collected. Cost: 3 queries.

    Raises:
        CollectsMoreThere: of an entity or device of the branch.
    """
    holding = effective.read()
    rows = Device.objects.filter(entity__path__startswith=entity.path)
    special = [pk for pk in rows.values_list("pk", flat=True) if holding.is_special(pk)]
    places = [(0, path) for path in _branch(entity)]
    places += Device.objects.filter(pk__in=special).values_list("pk", "entity__path")
    for device_id, path in places:
        then = f"{parent.path}{entity.pk}/{path.removeprefix(entity.path)}"
        before, after = (
            holding.of(device_id=device_id, entity_path=at).settings for at in (path, then)
        )
        if differences.is_wider(before, after):
            raise CollectsMoreThere


def _branch(entity: Entity) -> list[str]:
    rows = Entity.objects.filter(path__startswith=entity.path)
    return list(rows.values_list("path", flat=True))


def _paths(moved: Sequence[Move]) -> Mapping[int, str]:
    keys = {key for _device, *both in moved for key in both}
    return dict(Entity.objects.filter(pk__in=keys).values_list("pk", "path"))


def _kept(
    moved: Sequence[Move], holding: InForce, places: Mapping[int, str]
) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """Yield each device and what it may not exceed; devices of one way are asked once."""
    known: dict[tuple[int, int], Mapping[str, Any]] = {}
    for device_id, *way in moved:
        key = (way[0], way[1])
        if holding.is_special(device_id):
            yield device_id, _limits(holding, device_id, *(places[one] for one in key))
            continue
        if key not in known:
            known[key] = _limits(holding, 0, *(places[one] for one in key))
        yield device_id, known[key]


def _limits(holding: InForce, device_id: int, before: str, now: str) -> Mapping[str, Any]:
    """Return the values that held at one place where the other would collect more."""
    free = InForce(holding.instance, holding.by_entity, holding.by_device)
    old = holding.of(device_id=device_id, entity_path=before).settings
    return _stricter_of(old, free.of(device_id=device_id, entity_path=now).settings)


def _is_known(name: str, value: Any) -> bool:
    return value in BY_NAME[name].values if name in BY_NAME else name in effective.DEFAULTS


def _stricter_of(old: Settings, new: Settings) -> Mapping[str, Any]:
    """Return the values of `old` where `new` would collect more."""
    if not differences.is_wider(old, new):
        return {}
    left = differences.narrowed(old, new)
    return {name: value for name, value in left.items() if value != new[name]}


def _settling(moved: Sequence[Move]) -> set[int]:
    """Return the devices that are only now put into the tree: they were nowhere before.

    Cost: 2 queries, none where nothing widens.
    """
    if not moved:
        return set()
    nowhere = Entity.objects.unclassified().pk
    found = [device_id for device_id, before, _now in moved if before == nowhere]
    young = Device.objects.filter(pk__in=found, first_seen_at__gt=clock.now() - SETTLING)
    return set(young.values_list("pk", flat=True))


def _write(
    kept: Mapping[int, Settings],
    over: Sequence[int],
    now: datetime,
    *,
    why: str = "kept_after_move",
) -> None:
    rows = CollectorConfiguration.objects.in_force().filter(device__in=[*kept, *over])
    own = {row.device_id: row for row in rows}
    version = configuration.next_version()
    new = [
        _row(device_id, values, own.get(device_id), version + number, now)
        for number, (device_id, values) in enumerate(kept.items())
    ]
    with transaction.atomic():
        rows.update(state=ConfigurationState.REPLACED, replaced_at=now)
        CollectorConfiguration.objects.bulk_create(new)
        generations.bump(generations.CONFIGURATION)
        audit.record(
            code=AuditCode.CONFIGURATION_SAVED,
            object_kind="collector_configuration",
            object_label=Level.DEVICE,
            subjects=[("device", device_id) for device_id in kept][:25],
            detail={why: len(kept), "no_longer_kept": len(over)},
            at=now,
        )


def _row(
    device_id: int,
    values: Mapping[str, Any],
    own: CollectorConfiguration | None,
    version: int,
    now: datetime,
) -> CollectorConfiguration:
    """Return what keeps a device; a configuration of its own takes the stricter values in."""
    is_own = own is not None and not own.is_kept
    settings = {**(own.settings if own is not None and is_own else {}), **values}
    return CollectorConfiguration(
        level=Level.DEVICE,
        device_id=device_id,
        preset=Preset.CUSTOM,
        switches={name: value for name, value in settings.items() if name in BY_NAME},
        details={name: value for name, value in settings.items() if name not in BY_NAME},
        is_kept=not is_own,
        legal_basis=own.legal_basis if own is not None and is_own else "",
        purpose=own.purpose if own is not None and is_own else "",
        version=version,
        state=ConfigurationState.ACTIVE,
        confirmed_at=now,
        created_at=now,
    )


moves.register(keep_stricter)
organization.register_guard(refuse_wider_branch)
