"""The caches that count."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import pytest
from django.core.management import call_command
from django.db import connection
from redis.exceptions import RedisError

from apps.core.caches import CountingCache, CountingDatabaseCache, CountingRedisCache
from tests.dex import servers

pytestmark = pytest.mark.django_db

TABLE = "test_cache"


@pytest.fixture
def cache(db: None) -> CountingDatabaseCache:
    """Return a cache with its table."""
    return make_cache()


def make_cache() -> CountingDatabaseCache:
    """Make the table, as `up` does."""
    cache = CountingDatabaseCache(TABLE, {"OPTIONS": {"MAX_ENTRIES": 100}})
    call_command("createcachetable", TABLE, verbosity=0)
    return cache


def end_of(key: str) -> datetime:
    """Return when a key ends."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT expires FROM {TABLE} WHERE cache_key = %s", [f":1:{key}"])
        end: datetime = cursor.fetchone()[0]
    return end


class TestIncr:
    def test_counts(self, cache: CountingDatabaseCache) -> None:
        cache.add("a", 1, timeout=60)

        counts = [cache.incr("a"), cache.incr("a", 5)]

        assert counts == [2, 7]
        assert cache.get("a") == 7

    def test_leaves_the_term(self, cache: CountingDatabaseCache) -> None:
        cache.add("a", 1, timeout=3_600)
        before = end_of("a")

        cache.incr("a")

        assert end_of("a") == before

    def test_knows_no_key_that_has_ended(self, cache: CountingDatabaseCache) -> None:
        cache.add("a", 1, timeout=-1)

        with pytest.raises(ValueError, match="not found"):
            cache.incr("a")


class TestCount:
    """Both count alike."""

    @pytest.fixture(params=["redis", "database"])
    def either(self, request: pytest.FixtureRequest) -> Iterator[CountingCache]:
        if request.param == "database":
            yield request.getfixturevalue("cache")
            return
        with servers.valkey_server() as address:
            server = CountingRedisCache(address, {})
            wait_for(server)
            yield server

    def test_begins_by_itself(self, either: CountingCache) -> None:
        counts = [either.count(key, timeout=60) for key in "aab"]

        assert counts == [1, 2, 1]

    def test_ends(self, either: CountingCache) -> None:
        either.count("a", timeout=-1)

        assert either.count("a", timeout=60) == 1


def wait_for(server: CountingRedisCache) -> None:
    """Wait until a server answers."""
    for _ in range(200):
        try:
            server.get("a")
        except RedisError:
            time.sleep(0.02)
        else:
            return
    raise AssertionError("Valkey did not start.")


@pytest.fixture
def committed(transactional_db: None) -> Iterator[CountingDatabaseCache]:
    """Return a cache that other connections see."""
    yield make_cache()
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TABLE {TABLE}")


class TestTogether:
    def test_loses_no_step(self, committed: CountingDatabaseCache) -> None:
        committed.add("a", 0, timeout=60)

        def count(_number: int) -> None:
            try:
                for _ in range(20):
                    committed.incr("a")
            finally:
                connection.close()

        with ThreadPoolExecutor(4) as threads:
            list(threads.map(count, range(4)))

        assert committed.get("a") == 80
