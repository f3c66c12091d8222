"""The wall clock of a device jumps: what was measured stays whole, and is told once."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from dex_collector.daemon import Daemon
from tests.collector.conftest import run
from tests.collector.fakes import NOON, FakeClock, FakeServer

Start = Callable[..., Daemon]
KIND = "device_performance.events"
HALF_AN_HOUR = 1_800


@pytest.mark.parametrize("jump", [timedelta(days=3), timedelta(days=-3)], ids=["on", "back"])
class TestJump:
    @pytest.fixture
    def told(
        self, start: Start, server: FakeServer, clock: FakeClock, jump: timedelta
    ) -> FakeServer:
        """Half an hour, a jump of the wall clock, and half an hour more."""
        daemon = start()
        run(daemon, clock, seconds=HALF_AN_HOUR, every=30)
        clock.set_wall(clock.now() + jump)
        run(daemon, clock, seconds=HALF_AN_HOUR, every=30)
        daemon.measurement._keep(daemon.measurement._buckets.close_all())
        daemon.turn()
        return server

    def test_loses_no_reading(self, told: FakeServer, jump: timedelta) -> None:
        counts = [
            (record["bucket"], record["metrics"]["used_memory_bytes"]["count"])
            for record in told.records(KIND)
        ]

        later = [
            count
            for bucket, count in counts
            if datetime.fromisoformat(bucket) >= max(NOON, NOON + jump)
        ]
        assert len(later) in {6, 7}  # the half of the hour that has the later clock
        assert 115 <= sum(count for _, count in counts) <= 121  # one each 30 s
        assert max(count for _, count in counts) <= 10

    def test_measures_no_duration_longer_than_its_bucket(
        self, told: FakeServer, jump: timedelta
    ) -> None:
        durations = [
            record["metrics"]["connected_duration_ms"]["sum"]
            for record in told.records("connectivity.events")
        ]

        assert max(durations) <= 300_000 + 30_000  # a reading belongs to the bucket it ends in
        assert sum(durations) == pytest.approx(3_600_000, abs=90_000)

    def test_is_no_boot_sleep_or_login(self, told: FakeServer, jump: timedelta) -> None:
        assert len(told.records("device_performance.boots")) == 1
        assert told.records("device_performance.sleeps") == []
        assert len(told.records("session.logins")) == 2
