"""The cache of the tests: of this process alone, so that one test empties it in no time."""

from django.core.cache.backends.locmem import LocMemCache


class CountingLocMemCache(LocMemCache):
    """Django's, counting as `apps.core.caches` does."""

    def count(self, key: str, timeout: int) -> int:
        """Raise a counter by one and return it."""
        return 1 if self.add(key, 1, timeout=timeout) else self.incr(key)
