"""Writes of users."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db import connection

from apps.accounts.models import Account
from apps.audit import services as audit
from apps.audit.choices import AuditCode
from apps.users.models import User, UserDevice


def remember_use(device_id: int, user_ids: Sequence[int], now: datetime) -> None:
    """Note that these users used this device just now.

    user_ids: sorted, so that two batches cannot deadlock. Cost: 1 query.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            INSERT INTO {UserDevice._meta.db_table} (device_id, user_id, first_used_at, last_used_at)
            SELECT %s, user_id, %s, %s FROM unnest(%s::bigint[]) AS user_id
            ON CONFLICT (device_id, user_id)
                DO UPDATE SET last_used_at = greatest(users_userdevice.last_used_at, excluded.last_used_at)
            """,
            [device_id, now, now, list(user_ids)],
        )


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
