"""Upkeep of the presence of binaries, safe to run twice and at once."""

import logging
from datetime import datetime, timedelta

from django.db import connection

from apps.binaries.models import Binary, ExecutionDaily, ExecutionSample, Presence
from apps.core import clock
from apps.core.locks import advisory_lock
from apps.devices.models import Device
from apps.events.models import DirtyDay, RolledUpDay, UpkeepRun
from apps.events.rollups import day_of, day_start

logger = logging.getLogger(__name__)

TASK = "binaries.refresh_presence"
PRESENCE_DAYS = 30

_REFRESH = f"""
WITH seen AS (
    SELECT device_id, binary_id, bucket FROM {ExecutionDaily._meta.db_table}
        WHERE bucket >= %(since)s
    UNION ALL
    SELECT device_id, binary_id, bucket FROM {ExecutionSample._meta.db_table}
        WHERE bucket >= %(samples_since)s
), found AS (
    SELECT device.entity_id, seen.binary_id,
           count(DISTINCT seen.device_id) AS devices, max(seen.bucket) AS last_seen_at
    FROM seen
        JOIN {Device._meta.db_table} AS device ON device.id = seen.device_id
        JOIN {Binary._meta.db_table} AS known ON known.id = seen.binary_id
    GROUP BY device.entity_id, seen.binary_id
), written AS (
    INSERT INTO {Presence._meta.db_table} AS presence (entity_id, binary_id, devices, last_seen_at)
    SELECT entity_id, binary_id, devices, last_seen_at FROM found
    ON CONFLICT (entity_id, binary_id) DO UPDATE
        SET devices = excluded.devices, last_seen_at = excluded.last_seen_at
        WHERE (presence.devices, presence.last_seen_at)
            IS DISTINCT FROM (excluded.devices, excluded.last_seen_at)
    RETURNING 1
), removed AS (
    DELETE FROM {Presence._meta.db_table} AS presence
    WHERE NOT EXISTS (
        SELECT FROM found
        WHERE found.entity_id = presence.entity_id AND found.binary_id = presence.binary_id
    )
    RETURNING 1
)
SELECT (SELECT count(*) FROM written), (SELECT count(*) FROM removed)
"""


def refresh_presence(*, now: datetime) -> UpkeepRun | None:
    """Recompute on how many devices of each entity each binary ran; devices count where they are.

    Cost: one statement over 30 days of daily rows and the samples of a day, at worst of two; it
    writes only what changed.
    """
    with advisory_lock(TASK) as acquired:
        if not acquired:
            return None
        since = day_start(day_of(now) - timedelta(days=PRESENCE_DAYS))
        with connection.cursor() as cursor:
            cursor.execute(_REFRESH, {"since": since, "samples_since": _samples_since(now)})
            written, removed = cursor.fetchone()
        counts = {"presences_written": written, "presences_removed": removed}
        logger.info("upkeep done", extra={"task": TASK, "counts": counts})
        return UpkeepRun.objects.create(
            task=TASK, started_at=now, finished_at=max(now, clock.now()), counts=counts
        )


def _samples_since(now: datetime) -> datetime:
    """Return the start of the running day, or of yesterday until its daily rows are there."""
    today = day_of(now)
    yesterday = today - timedelta(days=1)
    is_done = (
        RolledUpDay.objects.filter(day=yesterday).exists()
        and not DirtyDay.objects.filter(day=yesterday).exists()
    )
    return day_start(today if is_done else yesterday)
