"""What people decide about devices by hand: their entity and their configuration tag."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import Account
from apps.audit import services as audit
from apps.audit.choices import AuditCode
from apps.core.errors import DomainError
from apps.core.scope import Scope
from apps.devices import changes, classification, locating, ruled_fields
from apps.devices.changes import Change
from apps.devices.choices import ChangeProperty
from apps.devices.models import Device
from apps.devices.querysets import DeviceQuerySet
from apps.organization import custom_fields
from apps.organization.choices import RuleFact
from apps.organization.models import CustomField, Entity

DEVICES_LIMIT = 500  # of one change by hand; more is what rules are for
TAG_LENGTH = 255


class EntityNotManaged(DomainError):
    """Whoever moves a device has to manage where it comes from and where it goes."""

    code = "entity_not_managed"
    status = 403
    message = _("You do not manage the devices of this entity.")


class TooManyDevices(DomainError):
    """A change by hand of more devices than one transaction should hold."""

    code = "too_many_devices"
    message = _("Choose at most 500 devices; for more, make a rule.")


@transaction.atomic
def move_by_hand(
    *, devices: DeviceQuerySet, entity: Entity, scope: Scope, actor: Account, now: datetime
) -> int:
    """Put devices into an entity and keep them there against the rules; return how many.

    Devices that the caller does not manage stay as they are. Cost: at most 13 queries.

    Raises:
        EntityNotManaged: the caller does not manage devices in `entity`.
        TooManyDevices: they are more than DEVICES_LIMIT.
    """
    if not Entity.objects.permitted_to(scope, "manage").filter(pk=entity.pk).exists():
        raise EntityNotManaged
    rows = _managed(devices, scope)
    classification.put(
        [(device, entity) for device in rows if device.entity_id != entity.pk], now=now
    )
    Device.objects.filter(pk__in=[row.pk for row in rows]).update(is_entity_pinned=True)
    _record(AuditCode.DEVICES_MOVED, rows, actor, now, {"entity": entity.pk})
    return len(rows)


@transaction.atomic
def release(*, devices: DeviceQuerySet, scope: Scope, actor: Account, now: datetime) -> int:
    """Give devices back to the rules, which place them at once; return how many.

    Raises:
        TooManyDevices: they are more than DEVICES_LIMIT.
    """
    rows = _managed(devices.filter(is_entity_pinned=True), scope)
    keys = [row.pk for row in rows]
    Device.objects.filter(pk__in=keys).update(is_entity_pinned=False)
    classification.classify(device_ids=keys, classifier=classification.present(), now=now)
    _record(AuditCode.DEVICES_RELEASED, rows, actor, now, {})
    return len(rows)


@transaction.atomic
def set_configuration_tag(
    *, devices: DeviceQuerySet, tag: str, scope: Scope, actor: Account, now: datetime
) -> int:
    """Write a tag on devices, "" for none; rules that read it apply at once. Return how many.

    Raises:
        TooManyDevices: they are more than DEVICES_LIMIT.
    """
    rows = [row for row in _managed(devices, scope) if row.configuration_tag != tag]
    keys = [row.pk for row in rows]
    changes.store(
        [
            (
                row.pk,
                row.context_id,
                Change(
                    ChangeProperty.CONFIGURATION, "configuration_tag", row.configuration_tag, tag
                ),
            )
            for row in rows
        ],
        now=now,
    )
    Device.objects.filter(pk__in=keys).update(configuration_tag=tag)
    classifier = classification.present()
    if RuleFact.CONFIGURATION_TAG in classifier.facts:
        classification.classify(device_ids=keys, classifier=classifier, now=now)
    locating.reconsider(device_ids=keys, reads=[RuleFact.CONFIGURATION_TAG], now=now)
    ruled_fields.reconsider(device_ids=keys, reads=[RuleFact.CONFIGURATION_TAG])
    _record(AuditCode.DEVICES_TAGGED, rows, actor, now, {"tag": tag})
    return len(rows)


@transaction.atomic
def set_custom_value(
    *,
    devices: DeviceQuerySet,
    field: CustomField,
    value: Any,
    scope: Scope,
    actor: Account,
    now: datetime,
) -> int:
    """Write a value of a custom field on devices, None to take it away; return how many.

    Raises:
        custom_fields.FilledByRules: its values follow from rules.
        custom_fields.FieldGone: it is deleted meanwhile.
        TooManyDevices: they are more than DEVICES_LIMIT.
    """
    custom_fields.refuse_ruled([field])
    custom_fields.hold([field])
    rows = [row for row in _managed(devices, scope) if custom_fields.put(row, field, value)]
    Device.objects.bulk_update(rows, ["custom"])
    detail = {"field": field.nql_id, "is_removed": value is None}  # a value may name somebody
    _record(AuditCode.CUSTOM_VALUES_CHANGED, rows, actor, now, detail)
    return len(rows)


def _managed(devices: DeviceQuerySet, scope: Scope) -> list[Device]:
    """Return the devices that the caller manages, locked in the order of ids. Cost: 1 query."""
    rows = (
        devices.permitted_to(scope, "manage")
        .select_related(None)
        .select_related("entity", "context")
        .select_for_update(of=("self",))
        .order_by("pk")
    )
    found = list(rows[: DEVICES_LIMIT + 1])
    if len(found) > DEVICES_LIMIT:
        raise TooManyDevices
    return found


def _record(
    code: AuditCode,
    devices: Sequence[Device],
    actor: Account,
    now: datetime,
    detail: dict[str, object],
) -> None:
    if devices:
        audit.record(
            code=code,
            actor=actor,
            object_kind="device",
            object_id=str(devices[0].uid) if len(devices) == 1 else "",
            subjects=[("device", device.pk) for device in devices],
            detail={**detail, "devices": len(devices)},
            at=now,
        )
