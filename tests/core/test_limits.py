"""Rate limits."""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from django.conf import LazySettings
from django.core.cache import cache
from django.core.exceptions import ImproperlyConfigured
from django.test import RequestFactory

from apps.core import limits
from apps.core.caches import CountingRedisCache

pytestmark = pytest.mark.usefixtures("fixed_clock")


@pytest.fixture(autouse=True)
def door(settings: LazySettings) -> None:
    """Make a door that takes two requests a minute."""
    settings.DEX_LIMITS = {"test.door": "2/min"}


class TestHit:
    def test_lets_as_many_pass_as_the_table_says(self) -> None:
        waits = [limits.hit("test.door", "a") for _ in range(3)]

        assert waits[:2] == [None, None]
        assert waits[2] == 61  # at the very start of a window

    def test_counts_each_key_apart(self) -> None:
        limits.hit("test.door", "a")
        limits.hit("test.door", "a")

        assert limits.hit("test.door", "b") is None

    def test_forgets_after_the_window(self, now: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
        waits = [limits.hit("test.door", "a") for _ in range(3)]

        monkeypatch.setattr("apps.core.clock.now", lambda: now + timedelta(seconds=60))

        assert waits[2] is not None
        assert limits.hit("test.door", "a") is None


class TestWaitFor:
    def test_counts_nothing(self) -> None:
        waits = [limits.wait_for("test.door", "a") for _ in range(3)]

        assert waits == [None] * 3
        assert limits.hit("test.door", "a") is None

    def test_tells_the_wait_when_no_more_may_pass(self) -> None:
        limits.hit("test.door", "a")
        limits.hit("test.door", "a")

        assert limits.wait_for("test.door", "a") == 61
        assert limits.wait_for("test.door", "b") is None


class TestWithoutCache:
    """The cache's server has gone; the process counts by itself."""

    @pytest.fixture(autouse=True)
    def own(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> limits.OwnCounts:
        """Take the cache away and begin with no counts."""
        own = limits.OwnCounts()
        monkeypatch.setattr(limits, "own", own)
        monkeypatch.setattr(
            limits, "cache", CountingRedisCache(f"unix://{tmp_path}/valkey.sock", {})
        )
        return own

    def test_still_limits(self) -> None:
        waits = [limits.hit("test.door", "a") for _ in range(3)]

        assert waits == [None, None, 61]
        assert limits.wait_for("test.door", "a") == 61
        assert limits.hit("test.door", "b") is None

    def test_forgets_the_oldest_first(
        self, own: limits.OwnCounts, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(limits, "OWN_KEYS", 3)
        for key in "ccaabbd":
            limits.hit("test.door", key)

        waits = [limits.wait_for("test.door", key) for key in "abcd"]

        assert len(own._counts) == 3
        assert waits == [61, 61, None, None]

    def test_says_so_once(self, caught: Callable[[], list[str]]) -> None:
        for _ in range(3):
            limits.hit("test.door", "a")

        assert caught() == [
            "The cache is away (ConnectionError): each process counts rate limits by itself"
        ]

    def test_does_not_ask_again_at_once(self, monkeypatch: pytest.MonkeyPatch) -> None:
        limits.hit("test.door", "a")
        monkeypatch.setattr(limits, "cache", cache)

        limits.hit("test.door", "a")

        assert limits.hit("test.door", "a") == 61

    def test_leaves_it_to_the_cache_that_is_back(
        self, monkeypatch: pytest.MonkeyPatch, caught: Callable[[], list[str]]
    ) -> None:
        monkeypatch.setattr(limits, "CACHE_RETRY_SECONDS", 0)
        limits.hit("test.door", "a")
        limits.hit("test.door", "a")
        monkeypatch.setattr(limits, "cache", cache)

        wait = limits.hit("test.door", "a")

        assert wait is None
        assert caught()[1:] == ["The cache is back: rate limits are counted there again"]

    @pytest.fixture
    def caught(self, caplog: pytest.LogCaptureFixture) -> Callable[[], list[str]]:
        """Return what the module has logged."""
        caplog.set_level(logging.INFO, "apps.core.limits")
        return lambda: [record.message for record in caplog.records]


class TestNetwork:
    @pytest.mark.parametrize(
        ("address", "network"),
        [
            ("192.0.2.7", "192.0.2.7"),
            ("::ffff:192.0.2.7", "192.0.2.7"),
            ("2001:db8:0:1:2:3:4:5", "2001:db8:0:1::/64"),
            ("fe80::1%eth0", "fe80::/64"),
            ("", ""),
            ("unix", "unix"),
        ],
    )
    def test_is_what_one_line_is_given(
        self, rf: RequestFactory, address: str, network: str
    ) -> None:
        assert limits.network_of(rf.get("/", REMOTE_ADDR=address)) == network


class TestParse:
    @pytest.mark.parametrize("rate", ["", "10", "x/min", "10/fortnight", "-1/min"])
    def test_refuses_what_is_no_rate(self, rate: str) -> None:
        with pytest.raises(ImproperlyConfigured):
            limits.parse(rate)

    def test_knows_periods(self) -> None:
        assert limits.parse("600/h") == (600, 3_600)


def test_every_limit_of_the_table_is_a_rate() -> None:
    from dex.limits import LIMITS

    assert all(limits.parse(rate) for rate in LIMITS.values())
