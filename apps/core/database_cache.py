"""The cache in the database, for an instance that has no other."""

import base64
import pickle

from django.core.cache.backends.db import DatabaseCache
from django.db import connections, router, transaction


class CountingDatabaseCache(DatabaseCache):
    """Django's, with counters that lose no step and end when they should.

    Django's own `incr` reads, adds and writes: of two at once one is lost, and each gives the key
    another five minutes, whatever its term was.
    """

    _table: str  # its name, set by Django's base class

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
