"""The role that queries step into: it may read the tables that can be asked, and nothing else."""

from collections.abc import Iterator

from django.db import connection, models, transaction
from psycopg import sql

from apps.core import shipped
from apps.nql import catalog

ROLE = "dex_reader"  # made by the database's owner: NOLOGIN, granted to us without inheritance

_also: list[type[models.Model]] = []


def may_read(model: type[models.Model]) -> None:
    """Let queries read a table that is in no catalogue but bounds what is seen: the tree."""
    _also.append(model)


def grant() -> None:
    """Bring the role's rights to the catalogue as it is now.

    A server that grants one role only has no such role: queries then run as ourselves, read-only.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_has_role(oid, 'SET') FROM pg_roles WHERE rolname = %s", [ROLE])
        row = cursor.fetchone()
        if row is None or not row[0]:  # roles are the cluster's: it may be a neighbour's
            return
        existing = set(connection.introspection.table_names(cursor))
        role = sql.Identifier(ROLE)
        cursor.execute(sql.SQL("REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {}").format(role))
        for table in sorted(set(readable_tables()) & existing):
            cursor.execute(sql.SQL("GRANT SELECT ON {} TO {}").format(sql.Identifier(table), role))


def readable_tables() -> Iterator[str]:
    """Yield the tables that queries may read; those of the audit log have rights of their own."""
    for table in catalog.tables():
        if table.model._meta.managed:
            yield table.model._meta.db_table
    for model in _also:
        yield model._meta.db_table


shipped.register("nql.reader", grant)
