"""Counters that tell caches of other processes that their content is out of date."""

from django.db import connection, models
from django.db.models.functions import Coalesce

from apps.core.models import Generation

CONFIGURATION = "configuration"  # what collectors may collect
DIMENSIONS = "dimensions"  # ids of users and binaries known to ingest


def bump(name: str) -> int:
    """Raise the counter `name` by one and return it; true for others from the commit on."""
    table = Generation._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} (name, value) VALUES (%s, 1) "
            f"ON CONFLICT (name) DO UPDATE SET value = {table}.value + 1 RETURNING value",
            [name],
        )
        return int(cursor.fetchone()[0])


def read(name: str) -> int:
    """Return the counter `name`, 0 where it was never raised. Cost: 1 query."""
    return Generation.objects.filter(name=name).values_list("value", flat=True).first() or 0


def value_of(name: str) -> models.Expression:
    """Return the counter `name` as an expression, for a query that is asked anyway."""
    value = Generation.objects.filter(name=name).values("value")[:1]
    return Coalesce(models.Subquery(value), 0, output_field=models.BigIntegerField())
