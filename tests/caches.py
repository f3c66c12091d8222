"""The cache of the tests: of this process alone, so that one test empties it in no time."""

from django.core.cache.backends.locmem import LocMemCache


class CountingLocMemCache(LocMemCache):
    """Django's, counting as `apps.core.caches` does."""

    def count(self, key: str, timeout: int) -> int:
        """Raise a counter by one and return it."""
        if self.add(key, 1, timeout=timeout):
            return 1
        try:
            return self.incr(key)
        except ValueError:  # it ended between the two
            return self.count(key, timeout)
