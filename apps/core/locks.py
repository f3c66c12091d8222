"""Advisory locks: one runner at a time, over all processes."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from django.db import connection

# PostgreSQL, appendix A: a deadlock; a connection that broke, a server that stops or starts.
PASSING = ("40P01", "08", "57P01", "57P02", "57P03")


@contextmanager
def advisory_lock(name: str) -> Iterator[bool]:
    """Try to take the lock `name`; yield whether it was got, release it at the end.

    It is a lock of the database session: it outlives transactions, ends with the connection and
    is not waited for. Not for a connection behind a pooler in transaction mode. Cost: 2 queries.
    """
    acquired = _call("pg_try_advisory_lock", name)
    try:
        yield acquired
    finally:
        if acquired and not connection.needs_rollback:
            _call("pg_advisory_unlock", name)


def transaction_lock(name: str, *, is_shared: bool = False) -> None:
    """Wait for the lock `name` and hold it to the end of the open transaction. Cost: 1 query.

    is_shared: together with others who share it, against whoever wants it alone.
    """
    function = "pg_advisory_xact_lock_shared" if is_shared else "pg_advisory_xact_lock"
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {function}(hashtextextended(%s, 0))", [name])


def is_passing(error: BaseException) -> bool:
    """Return whether another try may do: a deadlock was ended, or the server went away."""
    cause = error.__cause__
    if not isinstance(cause, psycopg.OperationalError):
        return False
    return cause.sqlstate is None or cause.sqlstate.startswith(PASSING)  # None: found by libpq


def _call(function: str, name: str) -> bool:
    """Call one of PostgreSQL's lock functions with a 64-bit hash of `name`."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {function}(hashtextextended(%s, 0))", [name])
        return bool(cursor.fetchone()[0])
