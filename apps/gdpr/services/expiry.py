"""The inventory's end: devices and users without activity go with everything about them.

No row outlives what it refers to (data-model.md 12). Which tables that concerns is asked of
`core.personal_data`, so a table that comes later is included.
"""

from collections import Counter as Tally
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import connection, models, transaction

from apps.collectors.choices import CollectorState, StubState
from apps.collectors.models import Collector, CollectorStub
from apps.collectors.services import moves
from apps.core.personal_data import registry
from apps.devices.models import Device
from apps.events import dimensions, folding, retention
from apps.events.models import Event
from apps.users import services as users
from apps.users.models import User, UserDevice

DEVICES_PER_STEP = 20  # some 100,000 rows each, in transactions of one table
USERS_PER_STEP = 100

STUB_STATES = {
    CollectorState.REVOKED: StubState.REVOKED,
    CollectorState.UNENROLLED: StubState.REVOKED,
    CollectorState.ERASED: StubState.ERASED,
}


def purge_inventory(*, now: datetime) -> dict[str, int]:
    """Remove devices and users whose last activity is past the term; return what went.

    Users after devices: who was seen on a device that goes may still be seen elsewhere. A run that
    is stopped is completed by the next one: what is half removed has still no activity.
    """
    cutoff = retention.oldest_kept(retention.INVENTORY, now)
    counts = Tally({"devices_expired": 0, "users_expired": 0, "rows_expired": 0})
    after = 0
    while device_ids := _silent(Device, cutoff, after, DEVICES_PER_STEP):
        counts.update(_purge_devices(device_ids, cutoff, now))
        after = device_ids[-1]
    after = 0
    while user_ids := _silent(User, cutoff, after, USERS_PER_STEP):
        counts.update(_purge_users(user_ids, cutoff))
        after = user_ids[-1]
    return dict(counts)


def _silent(model: Any, cutoff: datetime, after: int, limit: int) -> list[int]:
    rows = model.objects.filter(last_seen_at__lt=cutoff, pk__gt=after).order_by("pk")
    return list(rows.values_list("pk", flat=True)[:limit])


# --- Devices ---------------------------------------------------------------------------------------


def _purge_devices(device_ids: Sequence[int], cutoff: datetime, now: datetime) -> Tally[str]:
    """Turn collectors into stubs first: from then on nothing of these devices comes in."""
    device_ids = _retire_collectors(device_ids, cutoff, now)
    rows = 0
    for model, column in registry.tables_of("device"):
        if issubclass(model, Event):
            rows += _delete_alone(model, column, device_ids)
    with transaction.atomic():
        folding.lock_daily_rows()  # a roll-up under way would bring daily rows back
        locked = Device.objects.select_for_update().filter(pk__in=device_ids).order_by("pk")
        list(locked.values_list("pk", flat=True))  # before users, as everywhere
        links = UserDevice.objects.filter(device__in=device_ids)
        user_ids = sorted(set(links.values_list("user_id", flat=True)))
        for model, column in registry.tables_of("device"):
            if model is not Device:
                rows += _delete(model, column, device_ids)
        users.refresh_rights(user_ids=user_ids)  # what these devices told of them goes along
        devices = _delete(Device, "id", device_ids)
    return Tally({"devices_expired": devices, "rows_expired": rows})


def _retire_collectors(device_ids: Sequence[int], cutoff: datetime, now: datetime) -> Sequence[int]:
    """Leave a stub of each collector; return the devices that are silent still.

    The collector's row is what a batch takes first, so one that is under way ends before.
    """
    with transaction.atomic():
        locked = list(
            Collector.objects.select_for_update(of=("self",))
            .filter(device__in=device_ids)
            .order_by("pk")
        )
        silent = set(_still_silent(device_ids, cutoff))
        gone = [collector for collector in locked if collector.device_id in silent]
        limits = moves.limits_of(silent)
        stubs = [_stub(collector, limits.get(collector.device_id), now) for collector in gone]
        CollectorStub.objects.bulk_create(stubs, ignore_conflicts=True)
        _delete(Collector, "id", [collector.pk for collector in gone])
    return sorted(silent)


def _still_silent(device_ids: Sequence[int], cutoff: datetime) -> Any:
    rows = Device.objects.filter(pk__in=device_ids, last_seen_at__lt=cutoff)
    return rows.values_list("pk", flat=True)


def _stub(collector: Collector, limits: Mapping[str, Any] | None, now: datetime) -> CollectorStub:
    """Return what stays of a collector; only one that may come back needs its limits."""
    state = STUB_STATES.get(CollectorState(collector.state), StubState.EXPIRED)
    return CollectorStub(
        collector_uid=collector.uid,
        public_key=collector.public_key,
        token_hash=collector.token_hash,
        state=state,
        day=now.date(),
        limits=(limits or {}) if state == StubState.EXPIRED else {},
    )


# --- Users -----------------------------------------------------------------------------------------


def _purge_users(user_ids: Sequence[int], cutoff: datetime) -> Tally[str]:
    """Delete users and their rows on devices that stay.

    A batch that knows such a user either touches its row before we take it, or finds the
    generation of dimensions raised and reads anew.
    """
    device_ids = list(
        UserDevice.objects.filter(user__in=user_ids).values_list("device_id", flat=True).distinct()
    )
    rows = 0
    for model, column in registry.tables_of("user"):
        if issubclass(model, Event):
            rows += _delete_alone(model, column, user_ids, device_ids)
    with transaction.atomic():
        folding.lock_daily_rows()
        remembering = users.lock_last_logins(user_ids=user_ids)  # devices first, as a batch does
        locked = User.objects.select_for_update().filter(pk__in=user_ids, last_seen_at__lt=cutoff)
        gone = list(locked.order_by("pk").values_list("pk", flat=True))
        users.forget_logins(user_ids=gone, device_ids=remembering)
        for model, column in registry.tables_of("user"):
            if model is not User:
                rows += _delete(model, column, gone, device_ids)
        expired = _delete(User, "id", gone)
        if expired:
            dimensions.bump()
    return Tally({"users_expired": expired, "rows_expired": rows})


# --- Rows ------------------------------------------------------------------------------------------


def _delete_alone(
    model: type[models.Model], column: str, ids: Sequence[int], device_ids: Sequence[int] = ()
) -> int:
    with transaction.atomic():
        return _delete(model, column, ids, device_ids)


def _delete(
    model: type[models.Model], column: str, ids: Sequence[int], device_ids: Sequence[int] = ()
) -> int:
    """Delete the rows of these ids, set-based; return how many.

    device_ids: where to look in an event table, whose indexes begin with the device.
    """
    if not ids:
        return 0
    table = model._meta.db_table
    where, params = f"{column} = ANY(%s)", [list(ids)]
    if device_ids and issubclass(model, Event):
        where, params = f"device_id = ANY(%s) AND {where}", [list(device_ids), *params]
    with connection.cursor() as cursor:
        cursor.execute(f"DELETE FROM {table} WHERE {where}", params)
        return int(cursor.rowcount)
