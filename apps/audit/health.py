"""Health of the audit log, for `manage.py doctor`."""

from datetime import datetime

from django.db import connection

from apps.audit import partitions
from apps.core import health
from apps.core.health import Finding

DAYS_ENOUGH = 3

MAY_CHANGE = """
    SELECT has_table_privilege('audit.inbox', 'UPDATE')
        OR has_table_privilege('audit.inbox', 'DELETE')
        OR has_schema_privilege('audit', 'CREATE')
        OR pg_has_role(nspowner, 'SET')
    FROM pg_namespace WHERE nspname = 'audit'
"""


def check_partitions(now: datetime) -> Finding:
    """Find out whether the sealed log has somewhere to go."""
    days = partitions.days_ahead()
    if days == 0:
        return Finding(
            "error", "The audit log has no partition for today: run audit.make_partitions."
        )
    if days < DAYS_ENOUGH:
        return Finding("warning", f"Days for which the audit log has partitions: {days}.")
    return Finding("ok", f"Audit partitions reach {days - 1} days ahead.")


def check_rights(now: datetime) -> Finding:
    """audit.W002: find out whether the application could change the log."""
    if may_change():
        return Finding(
            "warning",
            "audit.W002: the application's database role could change the audit log. The database's"
            " owner runs what `manage.py audit_schema --print` prints; then connect as dex.",
        )
    return Finding("ok", "The application can add to the audit log, not change it.")


def may_change() -> bool:
    """Return whether our role could change or drop rows of the log. Cost: 1 query."""
    with connection.cursor() as cursor:
        cursor.execute(MAY_CHANGE)
        return bool(cursor.fetchone()[0])


health.register("audit.partitions", check_partitions)
health.register("audit.rights", check_rights)
