"""Rows of ordinary tables that go when they are old, sealed days of the audit log, log files."""

import math
from datetime import UTC, datetime
from pathlib import Path

from django.conf import settings
from django.db import connection, transaction

from apps.audit import partitions as audit_days
from apps.collectors.models import CollectorStub, RefusalCount
from apps.devices.models import ClassificationRun
from apps.events import kinds, retention
from apps.events.daily import daily_model_of
from apps.events.kinds import SampledKind
from apps.events.retention import Ageing
from apps.gdpr import terms
from apps.gdpr.choices import RetentionClass
from apps.users.models import Session

ROWS_PER_STEP = 10_000  # of one transaction
DEVICES_PER_STEP = 200  # of one transaction: the daily rows of one day, some hundreds a device


retention.age(RefusalCount, RetentionClass.OPERATIONAL, "day")
retention.age(Session, RetentionClass.OPERATIONAL, "end_time_at")
retention.age(ClassificationRun, RetentionClass.OPERATIONAL, "finished_at")
retention.age(CollectorStub, RetentionClass.STUB, "day")


def purge_aged(*, now: datetime) -> dict[str, int]:
    """Delete rows past the term of their class, and drop sealed audit days; return what went."""
    counts = {"rows_aged": sum(_purge(found, now) for found in retention.ageing())}
    counts["daily_rows_aged"] = sum(_purge_days(kind, now) for kind in kinds.sampled())
    counts["log_files"] = purge_logs(now=now)
    return counts | {"audit_days": len(purge_audit(now=now))}


def purge_logs(*, now: datetime) -> int:
    """Remove log files whose last line is past its term; return how many went.

    A file holds one day, so no line outlives its term by more than a day.
    """
    oldest = (now - terms.term(RetentionClass.LOGS, now)).timestamp()
    files = Path(settings.DEX_LOG_FOLDER).glob("*.jsonl*")
    old = [file for file in files if _written_at(file) < oldest]
    for file in old:
        file.unlink(missing_ok=True)
    return len(old)


def _written_at(file: Path) -> float:
    """Return when the last line was written; of a file that was renamed meanwhile, never."""
    try:
        return file.stat().st_mtime
    except FileNotFoundError:
        return math.inf


def purge_audit(*, now: datetime) -> list[str]:
    """Drop the sealed days of the audit log past their term; return the partitions."""
    oldest = (now - terms.term(RetentionClass.SECURITY, now)).astimezone(UTC).date()
    with transaction.atomic():
        return audit_days.drop_before(oldest)


def _purge_days(kind: SampledKind, now: datetime) -> int:
    """Delete daily rows past their term from the month whose younger days are kept still."""
    table, deleted = daily_model_of(kind)._meta.db_table, 0
    oldest = retention.oldest_kept(kind.daily_retention, now)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT DISTINCT device_id FROM {table} WHERE bucket < %s", [oldest])
        devices = [device_id for (device_id,) in cursor.fetchall()]
        for first in range(0, len(devices), DEVICES_PER_STEP):
            with transaction.atomic():
                cursor.execute(
                    f"DELETE FROM {table} WHERE device_id = ANY(%s) AND bucket < %s",
                    [devices[first : first + DEVICES_PER_STEP], oldest],
                )
                deleted += cursor.rowcount
    return deleted


def _purge(ageing: Ageing, now: datetime) -> int:
    oldest = now - terms.term(ageing.retention, now)
    deleted = 0
    while number := _delete(ageing, oldest):
        deleted += number
    return deleted


def _delete(ageing: Ageing, oldest: datetime) -> int:
    table = ageing.model._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(
            f"DELETE FROM {table} WHERE id IN ("
            f"SELECT id FROM {table} WHERE {ageing.column} < %s LIMIT %s)",
            [oldest, ROWS_PER_STEP],
        )
        return int(cursor.rowcount)
