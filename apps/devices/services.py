"""Writes of devices."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction

from apps.accounts.models import Account
from apps.audit import services as audit
from apps.audit.choices import AuditCode
from apps.devices.choices import InventoryState, Platform
from apps.devices.models import Context, Device, InventoryPart
from apps.organization.models import Entity

BASE_PARTS = ("hardware", "operating_system")  # with these an inventory is complete


def enrol_device(
    *, entity: Entity, platform: Platform, name: str, is_simulated: bool, now: datetime
) -> Device:
    """Make the device of a new collector.

    name: host name, "" where the configuration denies it.
    """
    return Device.objects.create(
        entity=entity,
        context=context_of(entity=entity, platform=platform),
        name=name,
        is_simulated=is_simulated,
        operating_system_platform=platform,
        first_seen_at=now,
        last_seen_at=now,
    )


def context_of(*, entity: Entity, platform: Platform) -> Context:
    """Return the situation of a device in `entity`, made when it is new. Cost: 1 to 2 queries."""
    context, _ = Context.objects.get_or_create(entity=entity, device_platform=platform)
    return context


def move_device(*, device: Device, entity: Entity) -> None:
    """Put a device into another entity; events from now on happen in the new situation."""
    device.entity = entity
    device.context = context_of(entity=entity, platform=Platform(device.operating_system_platform))
    device.save(update_fields=["entity", "context"])


def open_device(
    *, device: Device, actor: Account, now: datetime, also: Iterable[tuple[str, int]] = ()
) -> None:
    """Record that somebody opened the page of a device; also: whom else it showed. Cost: 1 query."""
    audit.record(
        code=AuditCode.DEVICE_OPENED,
        actor=actor,
        object_kind="device",
        object_id=str(device.uid),
        subjects=sorted({("device", device.pk), *also}),
        at=now,
    )


def update_facts(*, device_id: int, facts: dict[str, Any]) -> None:
    """Write facts of the inventory into the device's row; keys are its columns."""
    if facts:
        Device.objects.filter(pk=device_id).update(**facts)


def replace_list(*, model: Any, device_id: int, rows: Sequence[dict[str, Any]]) -> None:
    """Replace a device's list as a whole."""
    with transaction.atomic():
        model.objects.filter(device_id=device_id).delete()
        model.objects.bulk_create([model(device_id=device_id, **row) for row in rows])


def remember_part(*, device_id: int, part: str, content_hash: str, now: datetime) -> None:
    """Note the state in which an inventory part is known now."""
    InventoryPart.objects.update_or_create(
        device_id=device_id, part=part, defaults={"hash": content_hash, "received_at": now}
    )
    known = InventoryPart.objects.filter(device_id=device_id, part__in=BASE_PARTS).count()
    if known == len(BASE_PARTS):
        Device.objects.filter(pk=device_id, inventory_state=InventoryState.INCOMPLETE).update(
            inventory_state=InventoryState.COMPLETE
        )


def remember_boot(*, device_id: int, occurred_at: datetime, duration_ms: int | None) -> None:
    """Bring the device's last full boot forward; an older one changes nothing."""
    later = Device.objects.filter(pk=device_id).exclude(
        boot_last_full_boot_time_at__gte=occurred_at
    )
    later.update(
        boot_last_full_boot_time_at=occurred_at, boot_last_full_boot_duration_ms=duration_ms
    )
