"""What the collector reports on itself."""

import json
import threading
from collections.abc import Callable, Iterable
from typing import Any

import pytest

from dex_collector import __version__, reports
from dex_collector.daemon import Daemon
from dex_collector.probes.base import Context, Output, Probe, ProbeError, Tally
from dex_collector.spool import Spool
from tests.collector.conftest import run
from tests.collector.fakes import FakeClock, FakeServer, Reply

Start = Callable[..., Daemon]


def told(server: FakeServer, type_: str) -> list[dict[str, Any]]:
    """Return the fields of the events of a type that arrived."""
    events = [record["fields"] for record in server.records("collector.events")]
    return [{k: v for k, v in one.items() if k != "type"} for one in events if one["type"] == type_]


def probe(name: str, read: Callable[[Context], Iterable[Output]]) -> Probe:
    return Probe(name, 30, timeout_seconds=2, kinds=(), make_reader=lambda: read)


class TestStart:
    def test_is_told_once_for_each_process(
        self, start: Start, server: FakeServer, clock: FakeClock
    ) -> None:
        first = start(probes=())
        run(first, clock, seconds=60)
        first.close()

        run(start(probes=()), clock, seconds=60)

        assert told(server, "started") == [{"details": f"version {__version__}"}] * 2
        assert told(server, "updated") == []

    def test_of_another_version_is_an_update(
        self,
        start: Start,
        server: FakeServer,
        clock: FakeClock,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        first = start(probes=())
        run(first, clock, seconds=60)
        first.close()
        monkeypatch.setattr(reports, "__version__", "9.9")

        run(start(probes=()), clock, seconds=60)

        assert told(server, "updated") == [{"details": f"from {__version__} to 9.9"}]


class TestConfiguration:
    def test_applied_and_refused_are_told(
        self, start: Start, server: FakeServer, clock: FakeClock
    ) -> None:
        daemon = start(probes=())
        daemon.step()
        server.configure(packages="off")
        daemon.check_in()
        server.configure(packages="on")
        server.version = 1

        daemon.check_in()
        daemon.turn()

        assert told(server, "configuration_applied") == [{"details": "version 2"}]
        (refused,) = told(server, "configuration_refused")
        assert refused["details"].startswith("it is older")


class TestProbes:
    def test_that_fail_are_told_once_until_they_work_again(
        self, start: Start, server: FakeServer, clock: FakeClock
    ) -> None:
        is_broken = threading.Event()
        is_broken.set()

        def read(context: Context) -> list[Output]:
            if is_broken.is_set():
                raise ProbeError("adas secret")
            return [Tally("x", 1)]

        daemon = start(probes=[probe("odd", read)])
        run(daemon, clock, seconds=120)
        is_broken.clear()
        run(daemon, clock, seconds=60)
        daemon.turn()

        assert told(server, "probe_failed") == [{"details": "odd failed"}]
        assert told(server, "probe_restored") == [{"details": "odd reads again"}]
        assert daemon.spool.read("counters")["probe_failed.odd"] > 2

    @pytest.mark.case("collector.14")
    def test_that_hang_twice_are_told_to_be_disabled(
        self,
        start: Start,
        server: FakeServer,
        clock: FakeClock,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr("dex_collector.probes.runner.GRACE_SECONDS", 0.05)
        gates: list[threading.Event] = []

        def read(context: Context) -> list[Output]:
            gates.append(threading.Event())
            gates[-1].wait(10)
            return []

        daemon = start(probes=[probe("slow", read)])
        run(daemon, clock, seconds=20, every=5)
        gates[0].set()
        daemon.measurement._runner._runs["slow"].done.wait(5)
        run(daemon, clock, seconds=60, every=5)
        gates[-1].set()
        daemon.turn()

        assert told(server, "probe_disabled") == [{"details": "slow disabled"}]


class TestHealth:
    def test_is_told_each_quarter_of_an_hour(self, spool: Spool, clock: FakeClock) -> None:
        costs = iter(
            [
                reports.Cost(10.0, 0.0, 1),
                reports.Cost(11.5, 1_000.0, 40_000_000),
                reports.Cost(11.5, 2_000.0, 41_000_000),
            ]
        )
        made = reports.Reports(spool, clock, read_cost=lambda: next(costs))
        made.step(traffic_bytes=100)
        clock.advance(900)
        made.step(traffic_bytes=5_000)
        made.step(traffic_bytes=6_000)
        clock.advance(900)
        made.step(traffic_bytes=7_000)

        rows = waiting(spool)

        assert [row["fields"] for row in rows] == [
            {
                "type": "health",
                "cpu_usage_ratio": 0.0015,
                "memory_bytes": 40_000_000,
                "traffic_bytes": 5_000,
            },
            {
                "type": "health",
                "cpu_usage_ratio": 0.0,
                "memory_bytes": 41_000_000,
                "traffic_bytes": 2_000,
            },
        ]

    def test_counts_what_goes_over_the_wire(
        self, start: Start, server: FakeServer, clock: FakeClock
    ) -> None:
        daemon = start()

        run(daemon, clock, seconds=1900, every=60)
        daemon.turn()

        health = told(server, "health")
        bodies = sum(len(request.body) for request in server.requests)
        assert len(health) == 2
        assert 0 < health[0]["traffic_bytes"] < 4 * bodies
        assert 5_000_000 < health[0]["memory_bytes"] < 500_000_000

    def test_tells_losses_and_refusals_by_how_much_they_grew(
        self, spool: Spool, clock: FakeClock
    ) -> None:
        made = reports.Reports(spool, clock)
        spool.count_lost({"session.logins": 2, "execution.events": 3})
        spool.count("records_refused", 4)
        clock.advance(900)
        made.step(0)
        spool.count_lost({"session.logins": 1})
        clock.advance(900)
        made.step(0)

        found = [
            (row["fields"]["type"], row["fields"].get("number_of_records"))
            for row in waiting(spool)
            if row["fields"]["type"] != "health"
        ]

        assert found == [("records_refused", 4), ("records_dropped", 5), ("records_dropped", 1)]

    def test_tells_a_wrong_clock_once(self, spool: Spool, clock: FakeClock) -> None:
        made = reports.Reports(spool, clock)
        for offset in (95_000, 96_000, 10, -100_000):
            spool.write("clock_offset_ms", offset)
            clock.advance(900)
            made.step(0)

        skews = [r["fields"] for r in waiting(spool) if r["fields"]["type"] == "clock_skew"]

        assert [one["clock_offset_ms"] for one in skews] == [95_000, -100_000]

    def test_holds_one_line_of_ascii(self, spool: Spool, clock: FakeClock) -> None:
        reports.Reports(spool, clock).tell("probe_failed", "a\nü" + "x" * 300)

        (row,) = waiting(spool)
        assert row["fields"]["details"] == "a??" + "x" * 252


class TestIdentity:
    def test_that_changed_is_told_with_the_reason(
        self, start: Start, server: FakeServer, clock: FakeClock
    ) -> None:
        daemon = start(probes=())
        run(daemon, clock, seconds=60)
        conflict = {"code": "identity_conflict", "type": "about:blank", "status": 409}
        server.script("check-in", Reply(409, conflict))
        daemon._next_check_in = clock.monotonic()

        run(daemon, clock, seconds=60)
        daemon.turn()

        assert told(server, "identity_changed") == [{"details": "identity_conflict"}]


def waiting(spool: Spool) -> list[dict[str, Any]]:
    """Return the records that no batch holds yet."""
    rows = spool._db.execute("SELECT record FROM waiting ORDER BY id").fetchall()
    return [json.loads(text) for (text,) in rows]
