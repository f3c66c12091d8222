"""Counts of records that were not stored: nothing is dropped in silence."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from django.db import connection

from apps.collectors.choices import RefusalOrigin
from apps.collectors.models import RefusalCount
from apps.devices.models import Device
from apps.events.constants import INT8_MAX
from apps.events.rollups import day_of

LOSS_DAYS = 30

_REFRESH = f"""
WITH told AS (
    SELECT device_id,
        least(coalesce(sum(number) FILTER (WHERE origin = %(lost)s), 0), {INT8_MAX})::bigint
            AS dropped,
        least(coalesce(sum(number) FILTER (WHERE origin = %(refused)s), 0), {INT8_MAX})::bigint
            AS refused
    FROM {RefusalCount._meta.db_table} WHERE day > %(since)s GROUP BY device_id
), changed AS (
    SELECT device.id, coalesce(told.dropped, 0) AS dropped, coalesce(told.refused, 0) AS refused
    FROM {Device._meta.db_table} AS device LEFT JOIN told ON told.device_id = device.id
    WHERE (device.collector_dropped_records, device.collector_refused_records)
        IS DISTINCT FROM (coalesce(told.dropped, 0), coalesce(told.refused, 0))
    ORDER BY device.id FOR NO KEY UPDATE OF device  -- in the order of everybody who locks many
)
UPDATE {Device._meta.db_table} AS device
SET collector_dropped_records = changed.dropped, collector_refused_records = changed.refused
FROM changed WHERE device.id = changed.id
"""


def refresh_losses(*, now: datetime) -> int:
    """Tell each device what was lost and refused of it in 30 days; return how many it changed.

    Cost: 1 query, which writes only the devices whose numbers changed.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            _REFRESH,
            {
                "lost": RefusalOrigin.COLLECTOR.value,
                "refused": RefusalOrigin.REFUSED.value,
                "since": day_of(now) - timedelta(days=LOSS_DAYS),
            },
        )
        return cursor.rowcount


def count(*, device_id: int, counts: Mapping[tuple[str, str, str], int], now: datetime) -> None:
    """Add to a device's counts of today.

    counts: (origin, kind, code) -> number. Cost: no query when there is nothing to count, else 1.
    """
    rows = [(key, number) for key, number in sorted(counts.items()) if number]
    if not rows:
        return
    table = RefusalCount._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            INSERT INTO {table} (device_id, day, origin, kind, code, number)
            SELECT %s, %s, * FROM unnest(%s::text[], %s::text[], %s::text[], %s::bigint[])
            ON CONFLICT (device_id, origin, kind, code, day)
                DO UPDATE SET number =
                    least({table}.number::numeric + excluded.number, {INT8_MAX})::bigint
            """,
            [
                device_id,
                day_of(now),
                [origin for (origin, _, _), _ in rows],
                [kind[:64] for (_, kind, _), _ in rows],
                [code[:64] for (_, _, code), _ in rows],
                [number for _, number in rows],
            ],
        )
