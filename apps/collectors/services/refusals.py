"""Counts of records that were not stored: nothing is dropped in silence."""

from collections.abc import Mapping
from datetime import datetime

from django.db import connection

from apps.collectors.models import RefusalCount
from apps.events.constants import INT8_MAX
from apps.events.rollups import day_of


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
