"""Rate limits."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.conf import LazySettings
from django.core.exceptions import ImproperlyConfigured
from django.test import RequestFactory
from redis.exceptions import ConnectionError as RedisConnectionError

from apps.core import limits

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

    def test_lets_pass_while_the_cache_is_away(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def fail(*_args: Any, **_kwargs: Any) -> None:
            raise RedisConnectionError

        monkeypatch.setattr("apps.core.limits.cache.add", fail, raising=False)

        assert limits.hit("test.door", "a") is None


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
