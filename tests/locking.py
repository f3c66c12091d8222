"""Other sessions of the database, and in which order work takes rows."""

import time
from collections.abc import Callable
from threading import Thread

import psycopg
from django.db import connection
from django.db.models import Model
from psycopg import sql

CONNECT = {"dbname", "user", "password", "host", "port"}
WAITING = "SELECT count(*) FROM pg_locks WHERE NOT granted"


def another_session() -> psycopg.Connection:
    """Return another session of the database."""
    return psycopg.connect(
        **{k: v for k, v in connection.get_connection_params().items() if k in CONNECT},
        autocommit=True,
    )


def takes_in_order(first: Model, second: Model, work: Callable[[], object]) -> bool:
    """Return whether `work`, while it waits for the first row, has not taken the second.

    Who takes them in the other order deadlocks with who does it right. Needs committed rows.
    """

    def run() -> None:
        try:
            work()
        finally:
            connection.close()

    worker = Thread(target=run)
    with another_session() as other:
        with other.transaction():
            _take(other, first)
            worker.start()
            _until_somebody_waits(other)
            is_free = _can_take(other, second)
        worker.join()
    return is_free


def waiting(work: Callable[[], object]) -> Thread:
    """Start `work`, which waits for something of this session's transaction; return who does it."""

    def run() -> None:
        try:
            work()
        finally:
            connection.close()

    worker = Thread(target=run)
    worker.start()
    with another_session() as watcher:
        _until_somebody_waits(watcher)
    return worker


def _take(session: psycopg.Connection, row: Model) -> None:
    table = sql.Identifier(row._meta.db_table)
    session.execute(
        sql.SQL("SELECT FROM {} WHERE id = %s FOR NO KEY UPDATE").format(table), [row.pk]
    )


def _can_take(session: psycopg.Connection, row: Model) -> bool:
    try:
        with session.transaction():
            session.execute("SET LOCAL lock_timeout = '300ms'")
            _take(session, row)
    except psycopg.errors.LockNotAvailable:
        return False
    return True


def _until_somebody_waits(session: psycopg.Connection) -> None:
    end = time.monotonic() + 10
    while session.execute(WAITING).fetchone() == (0,):
        assert time.monotonic() < end, "nobody waits for the row"
        time.sleep(0.01)
