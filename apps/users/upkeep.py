"""Upkeep of users and sessions, safe to run twice and at once."""

import logging
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import connection

from apps.core import clock
from apps.core.locks import advisory_lock
from apps.devices.models import Device
from apps.events.models import UpkeepRun
from apps.users import services
from apps.users.choices import UserType
from apps.users.models import Session, SessionDaily, User

logger = logging.getLogger(__name__)

CLOSE_SESSIONS = "users.close_silent_sessions"
REFRESH_USE = "users.refresh_use"
SILENCE = timedelta(hours=24)  # a laptop sleeps at night; what it tells later opens the session
DAYS_OF_USE = 30  # days with sessions that say who uses a device
SECOND_PERSON = 0.10  # share of the session time that makes a second person (privacy.md 4)
CHUNK = 500  # devices, or users, of one statement

_CLOSE = f"""
UPDATE {Session._meta.db_table} SET end_time_at = greatest(seen_at, start_time_at)
WHERE id IN (
    SELECT session.id FROM {Session._meta.db_table} AS session
        JOIN {Device._meta.db_table} AS device ON device.id = session.device_id
    WHERE session.end_time_at IS NULL
        AND (session.seen_at < %(silent)s OR session.seen_at < device.boot_last_full_boot_time_at)
    -- What a batch writes at this moment is not silent, and waiting for it might deadlock.
    FOR NO KEY UPDATE OF session SKIP LOCKED
)
"""
_ONE_USER = f"""
WITH day AS (
    SELECT DISTINCT daily.device_id, daily.bucket FROM {SessionDaily._meta.db_table} AS daily
        JOIN {User._meta.db_table} AS person ON person.id = daily.user_id
    WHERE daily.device_id = ANY(%(devices)s) AND person.type <> %(system)s
        AND daily.session_duration_ms_sum > 0
), newest AS (
    SELECT device_id, bucket FROM (
        SELECT device_id, bucket,
            row_number() OVER (PARTITION BY device_id ORDER BY bucket DESC) AS number
        FROM day
    ) AS numbered WHERE number <= %(days)s
), spent AS (
    SELECT daily.device_id, daily.user_id, sum(daily.session_duration_ms_sum) AS time,
        sum(sum(daily.session_duration_ms_sum)) OVER (PARTITION BY daily.device_id) AS total
    FROM {SessionDaily._meta.db_table} AS daily
        JOIN newest USING (device_id, bucket)
        JOIN {User._meta.db_table} AS person ON person.id = daily.user_id
    WHERE daily.device_id = ANY(%(devices)s) AND person.type <> %(system)s
        AND daily.session_duration_ms_sum > 0
    GROUP BY daily.device_id, daily.user_id
), shared AS (
    SELECT device_id FROM spent WHERE time >= %(share)s * total
    GROUP BY device_id HAVING count(*) > 1
), changed AS (
    SELECT device.id FROM {Device._meta.db_table} AS device
    WHERE device.id = ANY(%(devices)s)
        AND device.is_one_user = EXISTS (SELECT FROM shared WHERE shared.device_id = device.id)
    ORDER BY device.id FOR NO KEY UPDATE OF device  -- in the order of everybody who locks many
)
UPDATE {Device._meta.db_table} AS device
SET is_one_user = NOT EXISTS (SELECT FROM shared WHERE shared.device_id = device.id)
FROM changed WHERE device.id = changed.id
"""


def close_silent_sessions(*, now: datetime) -> UpkeepRun | None:
    """End sessions of which nothing is heard: for a day, or since their device started anew."""

    def work() -> dict[str, int]:
        with connection.cursor() as cursor:
            cursor.execute(_CLOSE, {"silent": now - SILENCE})
            return {"sessions_closed": cursor.rowcount}

    return _run(CLOSE_SESSIONS, work, now)


def refresh_use(*, now: datetime) -> UpkeepRun | None:
    """Say anew whose device each is, and which rights each user holds.

    Cost: one statement for each 500 devices and two for each 500 users.
    """

    def work() -> dict[str, int]:
        devices = sum(map(refresh_one_user, _chunks(Device)))
        users = sum(services.refresh_rights(user_ids=ids) for ids in _chunks(User))
        return {"devices_changed": devices, "users_changed": users}

    return _run(REFRESH_USE, work, now)


def refresh_one_user(device_ids: Sequence[int]) -> int:
    """Say anew which of these devices one person uses; return how many changed.

    One-user: on the last 30 days with sessions no second person had a tenth of the session time.
    System accounts and rows without a user are left out; without session data it is one person's.
    Cost: 1 statement over up to 13 months of daily rows, a few for each device.
    """
    about: dict[str, Any] = {
        "devices": list(device_ids),
        "days": DAYS_OF_USE,
        "share": SECOND_PERSON,
        "system": UserType.SYSTEM.value,
    }
    with connection.cursor() as cursor:
        cursor.execute(_ONE_USER, about)
        return cursor.rowcount


def _chunks(model: type[Device] | type[User]) -> Sequence[list[int]]:
    ids = list(model._default_manager.order_by("pk").values_list("pk", flat=True))
    return [ids[start : start + CHUNK] for start in range(0, len(ids), CHUNK)]


def _run(task: str, work: Callable[[], dict[str, int]], now: datetime) -> UpkeepRun | None:
    """Do `work` unless another worker is at it; keep what it did for the console."""
    with advisory_lock(task) as acquired:
        if not acquired:
            return None
        counts = work()
        logger.info("upkeep done", extra={"task": task, "counts": counts})
        return UpkeepRun.objects.create(
            task=task, started_at=now, finished_at=max(now, clock.now()), counts=counts
        )
