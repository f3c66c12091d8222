"""Looking for a text in the whole database."""

from typing import Any

from django.db import connection


def tables_with(text: str) -> list[str]:
    """Return the tables, partitions and audit schema included, that hold `text` anywhere."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT format('%I.%I', schemaname, tablename) FROM pg_tables"
            " WHERE schemaname IN ('public', 'audit')"
            " AND has_table_privilege(format('%I.%I', schemaname, tablename), 'SELECT')"
        )
        tables = [name for (name,) in cursor.fetchall()]
        return [table for table in tables if _holds(cursor, table, text)]


def _holds(cursor: Any, table: str, text: str) -> bool:
    sql = f"SELECT EXISTS (SELECT FROM {table} t WHERE position(lower(%s) IN lower(t::text)) > 0)"
    cursor.execute(sql, [text])
    return bool(cursor.fetchone()[0])
