"""Daily rows lose their persons: rows of one key are merged without the user, figures kept.

Done once a day is older than the term of the person, and again whenever such a day is recomputed.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

from django.db import connection

from apps.core.locks import transaction_lock
from apps.core.personal_data import registry
from apps.events import retention
from apps.events.daily import (
    daily_model_of,
    key_columns,
    last_value,
    last_value_fields,
    within_int8,
)
from apps.events.kinds import SampledKind
from apps.events.metrics import AGGREGATES, column_names

USER = "user_id"
OneUser = Callable[[Sequence[int]], Iterable[int]]


def _nobody_knows(device_ids: Sequence[int]) -> Iterable[int]:
    return device_ids


_one_user: OneUser = _nobody_knows


def register(one_user: OneUser) -> None:
    """Let an upper app say which of some devices are used by one person; else all are."""
    global _one_user
    _one_user = one_user


def lock_daily_rows(*, is_shared: bool = False) -> None:
    """Wait until nobody else rewrites daily rows, to the end of the transaction. Cost: 1 query.

    is_shared: of roll-ups, which take different days of devices and do not disturb each other.
    """
    transaction_lock("events.daily_rows", is_shared=is_shared)


def is_due(start: datetime, now: datetime) -> bool:
    """Return whether the daily rows of the day that began at `start` name nobody any more."""
    return start < retention.oldest_kept(retention.DAILY_PERSON, now)


def concerns(kind: SampledKind) -> bool:
    """Return whether daily rows of a kind say whose they are, or rate anybody's work."""
    return USER in key_columns(kind) or bool(appraisal_columns(kind))


def fold_if_due(
    kind: SampledKind, *, start: datetime, device_ids: Sequence[int], now: datetime
) -> None:
    """Fold the daily rows of these devices if their day is old enough. Cost: see `fold`."""
    if concerns(kind) and is_due(start, now):
        fold(kind, start=start, device_ids=device_ids)


def fold(kind: SampledKind, *, start: datetime, device_ids: Sequence[int]) -> int:
    """Merge the daily rows of these devices and this day without their users.

    Sums and counts add up, least and greatest are taken; on devices of one person what would
    rate the person's work is emptied. Returns how many rows were merged into others or emptied.
    The caller holds `lock_daily_rows`; a second call changes nothing. Cost: at most 3 queries.
    """
    devices, changed = list(device_ids), 0
    with connection.cursor() as cursor:
        if USER in key_columns(kind):
            cursor.execute(_merge_sql(kind), {"start": start, "devices": devices})
            changed += cursor.fetchone()[0]
        if columns := appraisal_columns(kind):
            single = list(_one_user(devices))
            cursor.execute(_empty_sql(kind, columns), {"start": start, "devices": single})
            changed += cursor.rowcount
    return changed


def appraisal_columns(kind: SampledKind) -> list[str]:
    """Return the columns of a kind's daily rows that would rate a person's work and may be empty."""
    model = daily_model_of(kind)
    known = registry.classification(model)
    marked = {name for name, found in known or () if found.appraisal}
    return [
        str(field.column)
        for field in model._meta.concrete_fields
        if field.name in marked and field.null and field.column not in key_columns(kind)
    ]


def _merge_sql(kind: SampledKind) -> str:
    """Return the statement that merges; only devices with a user in their rows are rewritten."""
    table = daily_model_of(kind)._meta.db_table
    keys = [column for column in key_columns(kind) if column != USER]
    columns = ["id", "bucket", *keys, USER, "source"]
    values = ["nextval('events_daily_id_seq')", "bucket", *keys, "NULL", "max(source)"]
    for name in last_value_fields(kind):
        columns.append(name)
        values.append(last_value(kind, name, order="id"))
    for name, metric in kind.metrics.items():
        columns += column_names(name, metric, daily=True)
        values += _merged(name, is_float=metric.is_float)
    return f"""
        WITH named AS (
            SELECT DISTINCT device_id FROM {table}
            WHERE device_id = ANY(%(devices)s) AND bucket = %(start)s AND {USER} IS NOT NULL
        ), gone AS (
            DELETE FROM {table}
            WHERE device_id IN (SELECT device_id FROM named) AND bucket = %(start)s
            RETURNING *
        ), merged AS (
            INSERT INTO {table} ({", ".join(columns)})
            SELECT {", ".join(values)} FROM gone GROUP BY bucket, {", ".join(keys)}
        )
        SELECT count(*) FROM gone
    """


def _merged(name: str, *, is_float: bool) -> list[str]:
    total, count, least, most = (f"{name}_{part}" for part in AGGREGATES)
    added = f"sum({total})" if is_float else within_int8(f"sum({total})")
    return [added, within_int8(f"sum({count})"), f"min({least})", f"max({most})"]


def _empty_sql(kind: SampledKind, columns: Sequence[str]) -> str:
    table = daily_model_of(kind)._meta.db_table
    emptied = ", ".join(f"{column} = NULL" for column in columns)
    is_filled = ", ".join(columns)
    return f"""
        UPDATE {table} SET {emptied}
        WHERE device_id = ANY(%(devices)s) AND bucket = %(start)s
            AND num_nonnulls({is_filled}) > 0
    """
