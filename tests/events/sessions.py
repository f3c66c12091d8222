"""Second sessions of the database, and work done in threads, for tests of races."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Barrier
from typing import Any

from django.db import connection, connections


@contextmanager
def second_session() -> Iterator[Any]:
    """Yield another connection to the database, in autocommit."""
    other = connection.copy()
    try:
        yield other
    finally:
        other.close()


@contextmanager
def holding(name: str) -> Iterator[None]:
    """Hold the advisory lock `name` in another session."""
    with second_session() as other, other.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(hashtextextended(%s, 0))", [name])
        yield


def at_once(*calls: Callable[[], Any]) -> list[Any]:
    """Make all calls at the same time, each with its own connection; return their results."""
    barrier = Barrier(len(calls), timeout=20)

    def run(call: Callable[[], Any]) -> Any:
        try:
            barrier.wait()
            return call()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(calls)) as pool:
        return [future.result(timeout=30) for future in [pool.submit(run, c) for c in calls]]
