"""What is looked at before anything starts; each finding is a sentence that says what to do."""

import errno
import shutil
import socket
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
from kombu import Connection
from redis import Redis
from redis.exceptions import RedisError

from apps.audit.health import MAY_CHANGE
from dex.checks import check_public_url as public_url_messages
from dex.operations.problems import StartProblem

OLDEST_POSTGRES = 160_000  # 16
FREE_BYTES = 500 * 1024 * 1024
CONNECT_SECONDS = 5


def check_port(host: str, port: int) -> None:
    """Refuse an address that the web processes could not listen on.

    Raises:
        StartProblem: taken, forbidden, or no address of this machine.
    """
    try:
        family, kind, _, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with closing(socket.socket(family, kind)) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as problem:
        raise StartProblem(_port_sentence(host, port, problem)) from None


def _port_sentence(host: str, port: int, problem: OSError) -> str:
    if problem.errno == errno.EADDRINUSE:
        return (
            f"Port {port} on {host} is taken by another program. Stop that one, or choose another"
            f" port: DEX_PORT={port + 1 if port < 65_535 else 8001} make run"
        )
    if problem.errno == errno.EACCES:
        return f"Port {port} is reserved for root: choose one from 1024 on with DEX_PORT."
    return f"DEX_HOST is {host}, which is no address of this machine ({problem.strerror})."


def check_disk(folder: Path) -> None:
    """Refuse a disk on which PostgreSQL could not make its files.

    Raises:
        StartProblem: less than 500 MB are free.
    """
    free = shutil.disk_usage(folder).free
    if free < FREE_BYTES:
        raise StartProblem(
            f"The disk of {folder} is nearly full: {free // 1_048_576} MB are free, 500 MB are"
            " needed. Free some, or set DEX_HOME to a folder on another disk."
        )


def check_public_url() -> None:
    """Refuse a public address that would carry passwords in clear.

    Raises:
        StartProblem: no http(s) address, or http anywhere but on loopback.
    """
    for message in public_url_messages():
        raise StartProblem(" ".join(filter(None, [str(message.msg), message.hint])))


def check_database(url: str) -> None:
    """Refuse a PostgreSQL server that dex cannot work with.

    Raises:
        StartProblem: out of reach, wrong password, too old, or its owner has not prepared it.
    """
    try:
        with psycopg.connect(url, connect_timeout=CONNECT_SECONDS, autocommit=True) as connection:
            _check_server(connection)
    except psycopg.Error as problem:
        raise StartProblem(
            f"DATABASE_URL: the database cannot be opened: {_first_line(problem)}"
        ) from None


def _check_server(connection: psycopg.Connection[Any]) -> None:
    version = connection.info.server_version
    if version < OLDEST_POSTGRES:
        raise StartProblem(
            f"DATABASE_URL: the server is PostgreSQL {version // 10_000}; dex needs 16 or newer."
        )
    encoding, is_read_only = connection.execute(
        "SELECT current_setting('server_encoding'), current_setting('transaction_read_only')::bool"
    ).fetchone() or ("", False)
    if encoding != "UTF8":
        raise StartProblem(
            f"DATABASE_URL: the database keeps texts as {encoding}; dex needs one made with"
            " ENCODING 'UTF8'."
        )
    if is_read_only:
        raise StartProblem(
            "DATABASE_URL: the server takes no changes: it is a replica, or set read-only. Name the"
            " primary one."
        )
    row = connection.execute(
        "SELECT coalesce(has_schema_privilege(oid, 'USAGE'), false)"
        " FROM pg_namespace WHERE nspname = 'audit'"
    ).fetchone()
    if row is None or not row[0]:
        raise StartProblem(
            "DATABASE_URL: the database has no schema `audit` for the role"
            f" {connection.info.user}. Its owner runs once, in that database, what `python manage.py"
            " audit_schema --print` prints; on a server that grants one role only, that role runs"
            " what `audit_schema --print --one-role` prints."
        )


def database_warning(url: str) -> str:
    """Return what the operator is told about the role of a database that works, or nothing.

    A server that grants one role only is taken: triggers and chain still keep the log.
    """
    try:
        with psycopg.connect(url, connect_timeout=CONNECT_SECONDS, autocommit=True) as connection:
            role, row = connection.info.user, connection.execute(MAY_CHANGE.encode()).fetchone()
    except psycopg.Error:  # it was there a moment ago, and the application says so if it is not
        return ""
    if row is None or not row[0]:
        return ""
    return (
        f"Warning audit.W002: {role}, the role of DATABASE_URL, could change the audit log; have the"
        " database's owner run what `python manage.py audit_schema --print` prints, and connect as"
        " dex."
    )


def check_broker(url: str) -> None:
    """Refuse a broker that does not answer.

    Raises:
        StartProblem: out of reach, or it refuses the password.
    """
    try:
        with Connection(url, connect_timeout=CONNECT_SECONDS) as connection:
            connection.ensure_connection(max_retries=1, interval_start=0.2, timeout=CONNECT_SECONDS)
    except Exception as problem:  # noqa: BLE001 - each transport has errors of its own
        raise StartProblem(
            f"CELERY_BROKER_URL: the broker does not answer: {_first_line(problem)}"
        ) from None


def check_cache(url: str) -> None:
    """Refuse a cache that does not answer.

    Raises:
        StartProblem: out of reach, or it refuses the password.
    """
    try:
        with closing(Redis.from_url(url, socket_connect_timeout=CONNECT_SECONDS)) as client:
            client.ping()
    except (RedisError, ValueError, OSError) as problem:
        raise StartProblem(
            f"DEX_CACHE_URL: the cache does not answer: {_first_line(problem)}"
        ) from None


def _first_line(problem: Exception) -> str:
    return next(iter(str(problem).strip().splitlines()), type(problem).__name__)
