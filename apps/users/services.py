"""Writes of users."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import connection

from apps.accounts.models import Account
from apps.audit import services as audit
from apps.audit.choices import AuditCode
from apps.devices.models import Device
from apps.users import groups
from apps.users.models import User, UserDevice

_FORGET_LOGINS = f"""
UPDATE {Device._meta.db_table} AS device
SET login_last_login_user_name = '', login_last_login_time_at = NULL
FROM {UserDevice._meta.db_table} AS link
    JOIN {User._meta.db_table} AS person ON person.id = link.user_id
WHERE person.id = ANY(%s) AND device.id = link.device_id
    AND device.login_last_login_user_name = person.name
"""
_LOCK_USERS = f"""
SELECT id FROM {User._meta.db_table} WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE
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


def identify(*, facts: Mapping[int, Mapping[str, Any]]) -> None:
    """Write SID and principal name, by user id; what is not told stays. Cost: a query a change."""
    known = {user.pk: user for user in User.objects.filter(pk__in=facts).order_by("pk")}
    for user_id, columns in sorted(facts.items()):
        new = {n: v for n, v in columns.items() if getattr(known[user_id], n) != v}
        if new:
            User.objects.filter(pk=user_id).update(**new)


def set_rights(
    *, device_id: int, held: Mapping[int, tuple[str, Sequence[str]]], now: datetime
) -> None:
    """Replace what a device tells of rights and groups; sum it up for everybody concerned.

    held: user id -> rights and groups. A user of whom the device says nothing any more holds
    nothing there. Cost: 4 queries.
    """
    before = dict.fromkeys(
        UserDevice.objects.filter(device_id=device_id).values_list("user_id", flat=True)
    )
    links = [
        UserDevice(
            device_id=device_id,
            user_id=user_id,
            rights=held[user_id][0] if user_id in held else "unknown",
            groups=list(held[user_id][1]) if user_id in held else [],
            first_used_at=now,
            last_used_at=now,
        )
        for user_id in sorted({*before, *held})
    ]
    UserDevice.objects.bulk_create(
        links,
        update_conflicts=True,
        unique_fields=["device", "user"],
        update_fields=["rights", "groups"],
    )
    refresh_rights(user_ids=[link.user_id for link in links])


def refresh_rights(*, user_ids: Sequence[int]) -> int:
    """Sum up rights and groups over the devices of these users; return how many changed.

    The rows are locked first: a second batch that waits for the first then sees what it wrote.
    Cost: 2 queries.
    """
    with connection.cursor() as cursor:
        cursor.execute(_LOCK_USERS, [list(user_ids)])
        cursor.execute(_SUM_UP_RIGHTS, {"users": list(user_ids), "order": list(groups.ORDER)})
        return cursor.rowcount


def forget_logins(*, user_ids: Sequence[int]) -> int:
    """Empty what devices remember of these users as their last login. Cost: 1 query."""
    with connection.cursor() as cursor:
        cursor.execute(_FORGET_LOGINS, [list(user_ids)])
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
