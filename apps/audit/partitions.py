"""Day partitions of the sealed log; only functions of the schema make and drop them."""

from datetime import date

from django.db import connection


def make() -> int:
    """Make the partitions of today (UTC) and the seven days after; return how many were new."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT audit.make_partitions()")
        return int(cursor.fetchone()[0])


def drop_before(day: date) -> list[str]:
    """Drop the days before `day`; return the names of the partitions.

    Raises:
        django.db.ProgrammingError: a day younger than 180 days would go.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT audit.drop_before(%s)", [day])
        return list(cursor.fetchone()[0])


def days_ahead() -> int:
    """Return for how many days from today on, today included, partitions are there."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM generate_series(0, 7) AS ahead"
            " WHERE to_regclass('audit.event_' ||"
            " to_char((now() AT TIME ZONE 'UTC')::date + ahead, 'YYYYMMDD')) IS NOT NULL"
        )
        return int(cursor.fetchone()[0])
