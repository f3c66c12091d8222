"""Rows made by SQL in the server: what a statement does not give takes the model's default."""

from collections.abc import Mapping
from typing import Any

from django.db import connection
from django.db.models import Model


def insert(
    model: type[Model], given: Mapping[str, str], source: str, parameters: Mapping[str, Any]
) -> None:
    """Insert a row per row of `source`, a FROM clause; rows that are there stay as they are.

    given: SQL expression by column.
    """
    expressions = dict(given)
    values = dict(parameters)
    for field in model._meta.concrete_fields:
        column = str(field.column)
        if column in expressions or field.null or column == "id" or field.generated:
            continue
        if column == "uid":
            expressions[column] = "gen_random_uuid()"
        else:
            expressions[column] = f"%(default_{column})s"
            values[f"default_{column}"] = field.get_db_prep_save(field.get_default(), connection)
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {model._meta.db_table} ({', '.join(expressions)})"
            f" SELECT {', '.join(expressions.values())} FROM {source} ON CONFLICT DO NOTHING",
            values,
        )


def go_on_after(model: type[Model]) -> None:
    """Have the table's sequence go on after ids that were given."""
    table = model._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT setval(pg_get_serial_sequence('{table}', 'id'),"
            f" (SELECT max(id) FROM {table} WHERE id < 1000000))"
        )
