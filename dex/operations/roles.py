"""Roles, database and audit schema: what the cluster's owner makes, never a migration."""

import os
import secrets
import tempfile
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from dex import paths
from dex.database import APPLICATION_ROLE
from dex.operations.accounts import Account, run_as

ROLES_SQL = Path(__file__).parent / "sql" / "roles.sql"
AUDIT_SQL = paths.CODE / "apps" / "audit" / "sql" / "schema.sql"


def owner_sql() -> str:
    """Return what the owner of a database runs in it: roles, then the schema `audit`."""
    return ROLES_SQL.read_text(encoding="utf-8") + "\n" + one_role_sql()


def one_role_sql() -> str:
    """Return what the only role of a server runs in its database: the schema `audit` alone."""
    return AUDIT_SQL.read_text(encoding="utf-8")


def make_database(connection: psycopg.Connection[Any], name: str) -> bool:
    """Make the database of the bootstrap role if missing; return whether it was made."""
    row = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone()
    if row is None:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    return row is None


def apply(connection: psycopg.Connection[Any], password: str) -> None:
    """Make roles and audit schema in the connection's database, all or nothing."""
    with connection.transaction():
        connection.execute(owner_sql().encode())
        connection.execute(
            sql.SQL("ALTER ROLE {} PASSWORD {}").format(
                sql.Identifier(APPLICATION_ROLE), sql.Literal(verifier(connection, password))
            )
        )


def verifier(connection: psycopg.Connection[Any], password: str) -> str:
    """Return what the server keeps instead of the password, so that no log can hold it."""
    return connection.pgconn.encrypt_password(
        password.encode(), APPLICATION_ROLE.encode(), b"scram-sha-256"
    ).decode()


def application_password(file: Path, account: Account) -> str:
    """Return the application role's password; made once, readable by `account` alone."""
    return keep_secret(file, account, secrets.token_urlsafe(32))


def keep_secret(file: Path, account: Account, fresh: str) -> str:
    """Return the text of `file`; where it is missing, write `fresh` for `account` alone.

    Raises:
        StartProblem: the account cannot write or read it.
    """

    def keep() -> str:
        if not file.exists():
            with tempfile.NamedTemporaryFile("w", dir=file.parent, encoding="ascii") as output:
                output.write(fresh)  # mode 0600
                output.flush()
                os.fsync(output.fileno())
                os.link(output.name, file)  # complete, or not there
        return file.read_text(encoding="ascii").strip()

    return run_as(account, keep)
