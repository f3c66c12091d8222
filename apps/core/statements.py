"""Statements of the hot paths: prepared once per connection, parameters bound by the server.

Django's own cursor writes the parameters into the text, so that PostgreSQL parses and plans each
time; for a statement that every batch runs this costs more than the statement does. They stay
prepared on the embedded server; on another one, which a pooler may hide, they do not.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import psycopg
from django.db import connection

Parameters = Sequence[Any] | Mapping[str, Any]


def fetch_one(statement: str, parameters: Parameters) -> tuple[Any, ...] | None:
    """Run a prepared statement in the open transaction, if any; return its first row.

    Raises Django's database errors, as its own cursor does.
    """
    connection.ensure_connection()
    connection.validate_no_broken_transaction()
    with connection.wrap_database_errors, psycopg.Cursor(connection.connection) as cursor:
        return cursor.execute(statement.encode(), parameters, prepare=True).fetchone()
