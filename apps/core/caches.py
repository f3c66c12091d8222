"""The caches, with counters that lose no step: in Valkey or Redis, or else in the database."""

import base64
import pickle
from typing import Protocol

from django.core.cache.backends.db import DatabaseCache
from django.core.cache.backends.redis import RedisCache
from django.db import connections, router, transaction


class CountingCache(Protocol):
    """A cache whose counters need not be there before."""

    def count(self, key: str, timeout: int) -> int:
        """Raise a counter by one and return it; a new one ends after `timeout` seconds."""


class CountingRedisCache(RedisCache):
    """Django's, with counters at one round trip: its own way to them takes three."""

    def count(self, key: str, timeout: int) -> int:
        """Raise a counter by one and return it; it ends `timeout` seconds after its last step."""
        cache_key = self.make_and_validate_key(key)
        with self._cache.get_client(cache_key, write=True).pipeline(transaction=False) as pipeline:
            pipeline.incr(cache_key)
            pipeline.expire(cache_key, timeout)
            return int(pipeline.execute()[0])


class CountingDatabaseCache(DatabaseCache):
    """For an instance that has no other: Django's, with counters that end when they should.

    Django's own `incr` reads, adds and writes: of two at once one is lost, and each gives the key
    another five minutes, whatever its term was.
    """

    _table: str  # its name, set by Django's base class

    def count(self, key: str, timeout: int) -> int:
        """Raise a counter by one and return it; it ends after `timeout` seconds."""
        if self.add(key, 1, timeout=timeout):
            return 1
        try:
            return self.incr(key)
        except ValueError:  # it ended between the two
            return 1

    def incr(self, key: str, delta: int = 1, version: int | None = None) -> int:
        """Raise a counter and return it; its term stays. Cost: 2 queries.

        Raises:
            ValueError: there is no such key.
        """
        cache_key = self.make_and_validate_key(key, version=version)
        alias = router.db_for_write(self.cache_model_class)
        table = connections[alias].ops.quote_name(self._table)
        with transaction.atomic(using=alias), connections[alias].cursor() as cursor:
            cursor.execute(
                f"SELECT value FROM {table} WHERE cache_key = %s AND expires >= now() FOR UPDATE",
                [cache_key],
            )
            row = cursor.fetchone()
            if row is None:
                raise ValueError(f"Key {key!r} not found")
            count = int(pickle.loads(base64.b64decode(row[0]))) + delta  # as Django stores values
            text = base64.b64encode(pickle.dumps(count, self.pickle_protocol)).decode()
            cursor.execute(f"UPDATE {table} SET value = %s WHERE cache_key = %s", [text, cache_key])
        return count
