"""Health of the audit log, for `manage.py doctor`."""

from datetime import datetime

from django.db import connection

from apps.audit import partitions
from apps.core import health
from apps.core.health import Finding

DAYS_ENOUGH = 3


def check_partitions(now: datetime) -> Finding:
    """Find out whether the sealed log has somewhere to go."""
    days = partitions.days_ahead()
    if days == 0:
        return Finding("error", "The audit log has no partition for today.")
    if days < DAYS_ENOUGH:
        return Finding("warning", f"The audit log has partitions for {days} days only.")
    return Finding("ok", f"Audit partitions reach {days - 1} days ahead.")


def check_rights(now: datetime) -> Finding:
    """audit.W002: find out whether the application could change the log."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT has_table_privilege('audit.inbox', 'UPDATE')"
            " OR has_table_privilege('audit.inbox', 'DELETE')"
            " OR has_schema_privilege('audit', 'CREATE')"
            " OR pg_has_role('dex_audit', 'SET')"
        )
        if cursor.fetchone()[0]:
            return Finding("warning", "audit.W002: this role could change the audit log.")
    return Finding("ok", "The application can add to the audit log, not change it.")


health.register("audit.partitions", check_partitions)
health.register("audit.rights", check_rights)
