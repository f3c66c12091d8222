"""Upkeep of binaries and packages, each task safe to run twice and at once."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction

from apps.binaries.models import (
    Binary,
    ExecutionDaily,
    ExecutionSample,
    InstalledPackage,
    Package,
    Presence,
    StalePresence,
)
from apps.binaries.services import claims, orphans
from apps.binaries.services.packages import PART
from apps.devices.models import Device, InventoryPart
from apps.events import upkeep
from apps.events.models import DirtyDay, RolledUpDay, UpkeepRun
from apps.events.rollups import day_of, day_start
from apps.organization.models import Entity

PRESENCE = "binaries.refresh_presence"
RECOUNT = "binaries.recount_packages"
DESCRIBE = "binaries.describe_binaries"
PURGE = "binaries.purge_orphans"
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
    WHERE binary_id IS NOT NULL AND NOT EXISTS (
        SELECT FROM found
        WHERE found.entity_id = presence.entity_id AND found.binary_id = presence.binary_id
    )
    RETURNING 1
)
SELECT (SELECT count(*) FROM written), (SELECT count(*) FROM removed)
"""

_REFRESH_PACKAGES = f"""
WITH found AS (
    SELECT device.entity_id, installed.package_id, count(*) AS devices,
           max(coalesce(scan.received_at, device.last_seen_at)) AS last_seen_at
    FROM {InstalledPackage._meta.db_table} AS installed
        JOIN {Device._meta.db_table} AS device ON device.id = installed.device_id
        LEFT JOIN {InventoryPart._meta.db_table} AS scan
            ON scan.device_id = device.id AND scan.part = '{PART}'
    WHERE device.entity_id = ANY(%(entities)s)
    GROUP BY device.entity_id, installed.package_id
), written AS (
    INSERT INTO {Presence._meta.db_table} AS presence (entity_id, package_id, devices, last_seen_at)
    SELECT entity_id, package_id, devices, last_seen_at FROM found
    ON CONFLICT (entity_id, package_id) DO UPDATE
        SET devices = excluded.devices, last_seen_at = excluded.last_seen_at
        WHERE (presence.devices, presence.last_seen_at)
            IS DISTINCT FROM (excluded.devices, excluded.last_seen_at)
    RETURNING 1
), removed AS (
    DELETE FROM {Presence._meta.db_table} AS presence
    WHERE package_id IS NOT NULL AND entity_id = ANY(%(entities)s) AND NOT EXISTS (
        SELECT FROM found
        WHERE found.entity_id = presence.entity_id AND found.package_id = presence.package_id
    )
    RETURNING 1
)
SELECT (SELECT count(*) FROM written), (SELECT count(*) FROM removed)
"""

# Sorted by key, as ingest touches them, so that no two can deadlock.
_TOUCH_PACKAGES = f"""
UPDATE {Package._meta.db_table} AS package SET last_seen_at = seen.last_seen_at
FROM (
    SELECT known.id, newest.last_seen_at FROM {Package._meta.db_table} AS known
        JOIN (
            SELECT package_id, max(last_seen_at) AS last_seen_at FROM {Presence._meta.db_table}
            WHERE package_id IS NOT NULL GROUP BY package_id
        ) AS newest ON newest.package_id = known.id
    WHERE known.last_seen_at < newest.last_seen_at
    ORDER BY known.id FOR NO KEY UPDATE OF known
) AS seen
WHERE package.id = seen.id
"""


def refresh_presence(*, now: datetime) -> UpkeepRun | None:
    """Recompute on how many devices of each entity each binary ran; devices count where they are.

    Packages only in the entities that changed since. Cost: one statement over 30 days of daily
    rows and the samples of a day, at worst of two; it writes only what changed.
    """

    def work() -> dict[str, int]:
        since = day_start(day_of(now) - timedelta(days=PRESENCE_DAYS))
        written, removed = _counted(
            _REFRESH, {"since": since, "samples_since": _samples_since(now)}
        )
        with transaction.atomic():
            more, fewer = _count_packages(_take_stale())
        return {"presences_written": written + more, "presences_removed": removed + fewer}

    return upkeep.run(PRESENCE, work, now=now)


def recount_packages(*, now: datetime) -> UpkeepRun | None:
    """Recompute on how many devices of each entity each package is, and when it was seen last.

    What is reported without a change moves only the time, so once a day is enough. Cost: one pass
    over everything that is installed.
    """

    def work() -> dict[str, int]:
        with transaction.atomic():
            written, removed = _count_packages(list(Entity.objects.values_list("pk", flat=True)))
        with connection.cursor() as cursor:
            cursor.execute(_TOUCH_PACKAGES)
        return {"presences_written": written, "presences_removed": removed}

    return upkeep.run(RECOUNT, work, now=now)


def describe_binaries(*, now: datetime) -> UpkeepRun | None:
    """Describe binaries by what most devices say of them."""
    return upkeep.run(DESCRIBE, claims.settle_claims, now=now)


def purge_orphans(*, now: datetime) -> UpkeepRun | None:
    """Remove binaries and packages to which nothing refers any more."""
    return upkeep.run(PURGE, lambda: orphans.purge(now=now), now=now)


def _count_packages(entity_ids: Sequence[int]) -> tuple[int, int]:
    """Count the packages of entities anew. Cost: 1 query over what their devices have installed."""
    return _counted(_REFRESH_PACKAGES, {"entities": list(entity_ids)}) if entity_ids else (0, 0)


def _take_stale() -> list[int]:
    """Take the marks of entities; what is marked meanwhile waits for the next run."""
    with connection.cursor() as cursor:
        cursor.execute(f"DELETE FROM {StalePresence._meta.db_table} RETURNING entity_id")
        return sorted({entity_id for (entity_id,) in cursor.fetchall()})


def _counted(statement: str, params: dict[str, Any]) -> tuple[int, int]:
    with connection.cursor() as cursor:
        cursor.execute(statement, params)
        written, removed = cursor.fetchone()
    return written, removed


def _samples_since(now: datetime) -> datetime:
    """Return the start of the running day, or of yesterday until its daily rows are there."""
    today = day_of(now)
    yesterday = today - timedelta(days=1)
    is_done = (
        RolledUpDay.objects.filter(day=yesterday).exists()
        and not DirtyDay.objects.filter(day=yesterday).exists()
    )
    return day_start(today if is_done else yesterday)
