"""Writes of users."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.db.models import Exists, OuterRef

from apps.accounts.models import Account
from apps.audit import services as audit
from apps.audit.choices import AuditCode
from apps.devices.models import Device
from apps.users import groups
from apps.users.choices import Rights
from apps.users.models import User, UserDevice

_LAST_LOGINS = f"""
SELECT device.id FROM {Device._meta.db_table} AS device
WHERE EXISTS (
    SELECT FROM {UserDevice._meta.db_table} AS link
        JOIN {User._meta.db_table} AS person ON person.id = link.user_id
    WHERE person.id = ANY(%s) AND device.id = link.device_id
        AND device.login_last_login_user_name = person.name
)
ORDER BY device.id FOR NO KEY UPDATE OF device
"""
_FORGET_LOGINS = f"""
UPDATE {Device._meta.db_table} AS device
SET login_last_login_user_name = '', login_last_login_time_at = NULL
FROM {User._meta.db_table} AS person
WHERE person.id = ANY(%s) AND device.id = ANY(%s)
    AND device.login_last_login_user_name = person.name
"""
_SUM_UP_RIGHTS = f"""
WITH held AS (
    SELECT person.id, (
        SELECT link.rights FROM {UserDevice._meta.db_table} AS link WHERE link.user_id = person.id
        ORDER BY array_position(%(order)s::text[], link.rights::text) DESC LIMIT 1
    ) AS rights, (
        SELECT array_agg(DISTINCT one ORDER BY one)
        FROM {UserDevice._meta.db_table} AS link, unnest(link.groups) AS one
        WHERE link.user_id = person.id
    ) AS groups
    FROM {User._meta.db_table} AS person WHERE person.id = ANY(%(users)s)
), summed AS (
    SELECT id, coalesce(rights, 'unknown') AS rights, coalesce(groups, '{{}}') AS groups FROM held
)
UPDATE {User._meta.db_table} AS person SET rights = summed.rights, groups = summed.groups
FROM summed
WHERE summed.id = person.id
    AND (person.rights, person.groups) IS DISTINCT FROM (summed.rights, summed.groups)
"""


def remember_use(device_id: int, user_ids: Sequence[int], now: datetime) -> None:
    """Note that these users used this device just now.

    user_ids: sorted, so that two batches cannot deadlock. Cost: 1 query.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            INSERT INTO {UserDevice._meta.db_table}
                (device_id, user_id, rights, groups, first_used_at, last_used_at)
            SELECT %s, user_id, 'unknown', '{{}}', %s, %s FROM unnest(%s::bigint[]) AS user_id
            ON CONFLICT (device_id, user_id)
                DO UPDATE SET last_used_at = greatest(users_userdevice.last_used_at, excluded.last_used_at)
            """,
            [device_id, now, now, list(user_ids)],
        )


def remember_accounts(
    *, device_id: int, rows: Sequence[Mapping[str, Any]], now: datetime
) -> dict[str, int]:
    """Return the ids of accounts by identity, making those that are new. Cost: 1 or 3 queries.

    rows: columns of `User`; an account that is known already keeps its name.
    """
    by_identity = {row["identity"]: row for row in rows}
    ids = _ids(by_identity)
    missing = sorted(by_identity.keys() - ids.keys())
    if missing:
        new = [User(**by_identity[i], first_seen_at=now, last_seen_at=now) for i in missing]
        User.objects.bulk_create(new, ignore_conflicts=True)
        ids |= _ids(missing)
    return ids


@dataclass(frozen=True, slots=True)
class Told:
    """What a device tells of one account. facts: columns of `User`; what is not told stays."""

    facts: Mapping[str, Any] = field(default_factory=dict)
    rights: str = Rights.UNKNOWN
    groups: Sequence[str] = ()


def tell_accounts(*, device_id: int, accounts: Mapping[int, Told], now: datetime) -> set[int]:
    """Replace what a device tells of its accounts, by user id; sum it up for everybody concerned.

    Of an account that other devices have, too, facts are added, but never replaced: any device
    can name anybody. Returned are the users of whom it tells another SID than is known.

    An account of which the device says nothing any more holds nothing there. All users are locked
    at once and in order: two devices with the same people cannot deadlock.
    Cost: 6 queries, and one for each account with new facts.
    """
    with transaction.atomic():
        # Not all that were ever told: forged reports would take longer, one after the other.
        holding = UserDevice.objects.filter(device=device_id).exclude(
            rights=Rights.UNKNOWN, groups=[]
        )
        known = _locked({*holding.values_list("user_id", flat=True), *accounts})
        shared = _used_elsewhere(accounts, device_id)
        for user in known:
            facts = accounts.get(user.pk, Told()).facts
            _write_facts(user, _added(user, facts) if user.pk in shared else facts)
        UserDevice.objects.bulk_create(
            [_link(device_id, user.pk, accounts.get(user.pk, Told()), now) for user in known],
            update_conflicts=True,
            unique_fields=["device", "user"],
            update_fields=["rights", "groups"],
        )
        _sum_up_rights([user.pk for user in known])
    return {
        user.pk
        for user in known
        if user.pk in shared and _is_another_sid(user, accounts[user.pk].facts.get("sid", ""))
    }


def refresh_rights(*, user_ids: Iterable[int]) -> int:
    """Sum up rights and groups over the devices of these users; return how many changed.

    Cost: 2 queries.
    """
    with transaction.atomic():
        return _sum_up_rights([user.pk for user in _locked(user_ids)])


def _locked(user_ids: Iterable[int]) -> list[User]:
    """Lock users, in the order of their ids: who waits for another batch sees what it wrote."""
    rows = User.objects.filter(pk__in=set(user_ids)).order_by("pk")
    return list(rows.select_for_update(no_key=True))


def _used_elsewhere(user_ids: Iterable[int], device_id: int) -> set[int]:
    """Return the users who used another device; ask under their locks. Cost: 1 query."""
    others = UserDevice.objects.filter(user=OuterRef("pk")).exclude(device=device_id)
    rows = User.objects.filter(Exists(others), pk__in=list(user_ids))
    return set(rows.values_list("pk", flat=True))


def _added(user: User, facts: Mapping[str, Any]) -> dict[str, Any]:
    """Return the facts that fill what nobody told yet; a SID says more than a device's number."""
    told = "sid" in facts and not _is_number(facts["sid"])
    names = {"sid"} if not user.sid or (_is_number(user.sid) and told) else set()
    names |= set() if user.upn else {"upn", "upn_privacy_level"}
    return {name: value for name, value in facts.items() if name in names}


def _is_another_sid(user: User, sid: str) -> bool:
    """Return whether a SID contradicts the known one; numbers differ from device to device."""
    is_comparable = bool(sid and user.sid) and not (_is_number(sid) or _is_number(user.sid))
    return is_comparable and sid != user.sid


def _is_number(sid: str) -> bool:
    return "@" in sid  # see `inventory`: a numeric id is stored with its device


def _write_facts(user: User, facts: Mapping[str, Any]) -> None:
    new = {name: value for name, value in facts.items() if getattr(user, name) != value}
    if new:
        User.objects.filter(pk=user.pk).update(**new)


def _link(device_id: int, user_id: int, told: Told, now: datetime) -> UserDevice:
    return UserDevice(
        device_id=device_id,
        user_id=user_id,
        rights=told.rights,
        groups=list(told.groups),
        first_used_at=now,
        last_used_at=now,
    )


def _sum_up_rights(user_ids: Sequence[int]) -> int:
    with connection.cursor() as cursor:
        cursor.execute(_SUM_UP_RIGHTS, {"users": list(user_ids), "order": list(groups.ORDER)})
        return cursor.rowcount


def lock_last_logins(*, user_ids: Sequence[int]) -> list[int]:
    """Lock the devices on which one of these users logged in last; return their ids.

    Before any user is locked: a batch holds its device when it comes to the users. Cost: 1 query.
    """
    with connection.cursor() as cursor:
        cursor.execute(_LAST_LOGINS, [list(user_ids)])
        return [device_id for (device_id,) in cursor.fetchall()]


def forget_logins(*, user_ids: Sequence[int], device_ids: Sequence[int]) -> int:
    """Empty what locked devices remember of these users as their last login. Cost: 1 query."""
    with connection.cursor() as cursor:
        cursor.execute(_FORGET_LOGINS, [list(user_ids), list(device_ids)])
        return cursor.rowcount


def _ids(identities: Iterable[str]) -> dict[str, int]:
    known = User.objects.filter(identity__in=list(identities))
    return dict(known.values_list("identity", "id"))


def open_user(
    *, user: User, actor: Account, now: datetime, also: Iterable[tuple[str, int]] = ()
) -> None:
    """Record that somebody opened the page of a user; also: whom else it showed. Cost: 1 query."""
    audit.record(
        code=AuditCode.USER_OPENED,
        actor=actor,
        object_kind="user",
        object_id=str(user.uid),
        subjects=sorted({("user", user.pk), *also}),
        at=now,
    )
