"""Writes of devices."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from django.db import connection, models, transaction

from apps.accounts.models import Account
from apps.audit import services as audit
from apps.audit.choices import AuditCode
from apps.devices import changes, classification, locating, ruled_fields
from apps.devices.changes import Change
from apps.devices.choices import InventoryState, LocationType, Platform
from apps.devices.models import ConnectivitySample, Context, Device, InventoryPart
from apps.events.policy import Policy
from apps.organization.choices import RuleFact
from apps.organization.models import Entity

BASE_PARTS = ("hardware", "operating_system")  # with these an inventory is complete


def enrol_device(
    *,
    entity: Entity,
    platform: Platform,
    name: str,
    is_simulated: bool,
    now: datetime,
    is_entity_pinned: bool = False,
) -> Device:
    """Make the device of a new collector.

    name: host name, "" where the configuration denies it. is_entity_pinned: as that of the device
    that it takes the place of.
    """
    return Device.objects.create(
        entity=entity,
        is_entity_pinned=is_entity_pinned,
        context=context_of(entity=entity, platform=platform),
        name=name,
        is_simulated=is_simulated,
        operating_system_platform=platform,
        first_seen_at=now,
        last_seen_at=now,
    )


def context_of(*, entity: Entity, platform: Platform) -> Context:
    """Return the situation of a new device in `entity`, whose place is not known. Cost: 1 to 2 queries."""
    unknown: dict[str, Any] = dict.fromkeys(classification.PLACE[:-1], "")
    context, _ = Context.objects.get_or_create(
        entity=entity, device_platform=platform, location_type=LocationType.UNKNOWN, **unknown
    )
    return context


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


@dataclass(frozen=True)
class Report:
    """One full report of an inventory part: writes what it says, and notes what it changes.

    A first report of a part changes nothing: all of it is new.
    """

    device_id: int
    part: str
    policy: Policy
    now: datetime

    @cached_property
    def has_base(self) -> bool:
        """Return whether the part was known before. Cost: 1 query, once."""
        parts = InventoryPart.objects.filter(device_id=self.device_id, part=self.part)
        return parts.exists()

    def write_facts(self, facts: dict[str, Any]) -> None:
        """Write facts into the device's row; keys are its columns. Cost: 1 to 5 queries.

        Where rules read such facts, the device may move, and custom fields be filled anew.
        """
        row = Device.objects.filter(pk=self.device_id)
        if self.has_base:
            watched = [column for column in facts if column in changes.FACTS]
            old = row.values(*watched).get() if watched else {}
            self._note(changes.between(old, facts, self.policy))
        row.update(**facts)
        read = {ruled_fields.FACTS_OF_COLUMNS.get(column, "") for column in facts} - {""}
        if read & set(classification.FACTS_OF_COLUMNS.values()):
            classification.reconsider(device_id=self.device_id, reads=read, now=self.now)
        if read:
            locating.reconsider(device_ids=[self.device_id], reads=read, now=self.now)
            ruled_fields.reconsider(device_ids=[self.device_id], reads=read)

    def write_list(self, model: type[models.Model], rows: Sequence[dict[str, Any]]) -> None:
        """Replace a device's list as a whole, unless it is the same. Cost: 2 to 7 queries."""
        items: Any = model._default_manager
        watched = changes.LISTS.get(model)
        with transaction.atomic():
            old = items.filter(device_id=self.device_id)
            known = list(old.order_by("pk").values())
            if watched and self.has_base:
                self._note(changes.between_lists(watched, known, rows, self.policy))
            if _are_same(known, rows):
                return
            old.delete()
            items.bulk_create([model(device_id=self.device_id, **row) for row in rows])

    def _note(self, found: Iterable[Change]) -> None:
        changes.record(device_id=self.device_id, changes=found, now=self.now)


def _are_same(known: Sequence[dict[str, Any]], rows: Sequence[dict[str, Any]]) -> bool:
    """Return whether a list is told as it is stored, in the same order."""
    stored = [{column: row[column] for column in rows[0]} for row in known] if rows else known
    return stored == list(rows)


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


_ADDRESS = "CASE WHEN %(keeps_address)s THEN device.collector_local_ip ELSE last.local_ip END"
_LAST_NETWORK = f"""
UPDATE {Device._meta.db_table} AS device
SET connectivity_last_connectivity_type = coalesce(last.primary_physical_adapter_type, ''),
    connectivity_last_vpn_status = coalesce(last.vpn_status, ''),
    collector_local_ip = {_ADDRESS},
    connectivity_told_at = %(bucket)s
FROM (
    SELECT primary_physical_adapter_type, vpn_status, (
        SELECT local_ip FROM {ConnectivitySample._meta.db_table}
        WHERE device_id = %(device)s AND bucket = %(addressed)s ORDER BY id DESC LIMIT 1
    ) AS local_ip
    FROM {ConnectivitySample._meta.db_table}
    WHERE device_id = %(device)s AND bucket = %(bucket)s ORDER BY id DESC LIMIT 1
) AS last
WHERE device.id = %(device)s
    AND (device.connectivity_told_at IS NULL OR device.connectivity_told_at <= %(bucket)s)
    AND (device.connectivity_last_connectivity_type, device.connectivity_last_vpn_status,
            device.collector_local_ip)
        IS DISTINCT FROM (coalesce(last.primary_physical_adapter_type, ''),
            coalesce(last.vpn_status, ''), {_ADDRESS})
"""


def remember_network(
    *,
    device_id: int,
    bucket: datetime,
    addressed: datetime | None,
    keeps_address: bool,
    now: datetime,
) -> None:
    """Bring the network that a device was in last forward; an older bucket changes nothing.

    addressed: the bucket that tells its address, None for none. keeps_address: the one that is
    known stays.
    Read back as it was stored: without what the policy takes. Most batches tell the network of
    the one before, and leave the device's row as it is. Where rules read addresses, another
    network may move the device, be another site, or fill its custom fields anew. Cost: 1 query, 3
    more for another network.
    """
    about: dict[str, Any] = {"device": device_id, "bucket": bucket}
    about |= {"addressed": addressed, "keeps_address": keeps_address}
    with connection.cursor() as cursor:
        cursor.execute(_LAST_NETWORK, about)
        is_elsewhere = cursor.rowcount > 0
    if is_elsewhere:
        reads = [RuleFact.LOCAL_ADDRESS]
        classification.reconsider(device_id=device_id, reads=reads, now=now)
        locating.reconsider(device_ids=[device_id], reads=reads, now=now)
        ruled_fields.reconsider(device_ids=[device_id], reads=reads)


def remember_login(*, device_id: int, occurred_at: datetime, user_name: str) -> None:
    """Bring the device's last login forward; an older one changes nothing.

    user_name: as it is stored, "" where the configuration denies it.
    """
    later = Device.objects.filter(pk=device_id).exclude(login_last_login_time_at__gt=occurred_at)
    later.update(login_last_login_user_name=user_name, login_last_login_time_at=occurred_at)
