"""Sessions through a whole daemon: played by logind on one side, received by a server on the other."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from dex_collector import batch
from dex_collector.daemon import Daemon
from dex_collector.probes import sessions, sleeps
from dex_collector.probes.base import Probe
from dex_collector.probes.sessions_linux import SessionReader
from dex_collector.probes.sleeps_linux import SleepReader
from tests.collector.conftest import run
from tests.collector.fakes import NOON, FakeClock, FakeServer
from tests.collector.written import everything_written, sent_bodies
from tests.fakes.bus import wait_for
from tests.fakes.logind import FakeLogind, Person

ADA = Person(1000, "ada")
KINDS = ("session.logins", "session.locks", "session.unlocks", "session.logouts")
Start = Callable[..., Daemon]


class Played:
    """A daemon that follows logind, its clocks those of the test."""

    def __init__(self, start: Start, clock: FakeClock, root: Path) -> None:
        self.sessions, self.sleeps = SessionReader(clock.monotonic), SleepReader(clock.monotonic)
        self.clock = clock
        self.daemon = start(root=root, probes=self._probes())
        self.step()

    def _probes(self) -> list[Probe]:
        return [
            replace(sessions.PROBE, make_reader=lambda: self.sessions),
            replace(sleeps.PROBE, make_reader=lambda: self.sleeps),
        ]

    def step(self, seconds: float = 30) -> None:
        run(self.daemon, self.clock, seconds=seconds)

    def hear(self, member: str) -> None:
        """Wait until a signal has arrived where it is listened to."""
        signals = [self.sessions._logind._bus._signals]
        if member == "PrepareForSleep":
            signals.append(self.sleeps._announcements._logind._bus._signals)
        wait_for(lambda: all(any(one.member == member for one in heard) for heard in signals))


@pytest.fixture
def played(logind: FakeLogind, start: Start, clock: FakeClock, bus_machine: Path) -> Played:
    return Played(start, clock, bus_machine)


class TestDaemon:
    @pytest.mark.case("collector.11")
    def test_sends_one_event_of_each_change(
        self, played: Played, logind: FakeLogind, server: FakeServer, clock: FakeClock
    ) -> None:
        logind.open("1", ADA, clock.now() - timedelta(minutes=5))
        played.hear("SessionNew")
        played.step()
        logind.request("1", "Lock")
        played.step()
        logind.hint("1", LockedHint=True)
        played.hear("PropertiesChanged")
        played.step()
        logind.sleep(begins=True)
        played.hear("PrepareForSleep")
        clock.sleep(600)
        logind.sleep(begins=False)
        played.step()
        logind.hint("1", LockedHint=False)
        played.hear("PropertiesChanged")
        played.step()
        logind.end("1")
        played.hear("SessionRemoved")
        played.step(1000)

        kinds = [*KINDS, "device_performance.sleeps"]
        assert {kind: len(server.records(kind)) for kind in kinds} == dict.fromkeys(kinds, 1)
        rows = server.records("session.events")
        total = sum(row["metrics"]["session_duration_ms"]["sum"] for row in rows)
        assert total == pytest.approx(4 * 30_000, abs=30_000)  # nothing of the sleep

    @pytest.mark.case("collector.11")
    def test_that_starts_again_tells_no_login_twice(
        self,
        played: Played,
        logind: FakeLogind,
        server: FakeServer,
        start: Start,
        bus_machine: Path,
    ) -> None:
        logind.open("1", ADA, NOON - timedelta(hours=1))
        played.hear("SessionNew")
        played.step()
        played.daemon.close()

        again = Played(start, played.clock, bus_machine)
        again.step(1000)

        assert len(server.records("session.logins")) == 1

    def test_that_stops_passes_on_what_it_heard(
        self,
        played: Played,
        logind: FakeLogind,
        server: FakeServer,
        start: Start,
        bus_machine: Path,
    ) -> None:
        logind.open("1", ADA, NOON - timedelta(hours=1))
        played.hear("SessionNew")
        played.step()
        logind.end("1")
        played.hear("SessionRemoved")

        played.daemon.close()

        Played(start, played.clock, bus_machine).step(1000)
        assert len(server.records("session.logouts")) == 1

    def test_counts_the_cost_of_hearing_for_the_probe_that_hears(self, played: Played) -> None:
        played.step()

        crews = played.daemon.measurement._runner._crews
        assert {name: [one.name for one in crew._helpers] for name, crew in crews.items()} == {
            "sessions": ["bus"],
            "sleeps": ["bus"],
        }

    @pytest.mark.case("collector.9")
    @pytest.mark.parametrize(("value", "left"), [("logins", {"session.logins"}), ("off", set())])
    def test_purges_what_a_stricter_switch_forbids(
        self,
        played: Played,
        logind: FakeLogind,
        server: FakeServer,
        value: str,
        left: set[str],
    ) -> None:
        logind.open("1", ADA, NOON - timedelta(hours=1))
        played.hear("SessionNew")
        played.step()
        logind.open("2", ADA, NOON - timedelta(hours=1))
        played.hear("SessionNew")
        played.step()
        logind.hint("1", LockedHint=True)
        logind.end("2")
        played.hear("SessionRemoved")
        played.step(1000)
        before = {event["kind"] for body in server.bodies for event in body["events"]}
        server.configure(session_events=value)

        played.daemon.check_in()

        kept = [batch.unpack(body) for body in sent_bodies(played.daemon)]
        after = {event["kind"] for content in kept for event in content["events"]}
        assert before & set(KINDS) == {"session.logins", "session.locks", "session.logouts"}
        assert after & set(KINDS) == left

    @pytest.mark.case("collector.9")
    def test_purges_the_use_that_may_not_be_known(
        self, played: Played, logind: FakeLogind, state: Path, server: FakeServer
    ) -> None:
        logind.open("1", ADA, NOON - timedelta(hours=1))
        played.hear("SessionNew")
        played.step(1000)
        assert b"user_interaction_time_ms" in everything_written(state)
        server.configure(user_activity="off")

        played.daemon.check_in()
        played.step(1000)

        assert b"user_interaction_time_ms" not in everything_written(state)
        assert "session_duration_ms" in str(server.bodies[-1])
        assert "user_interaction_time_ms" not in str(server.bodies[-1])


class TestRest:
    def test_hears_nothing_outside_work_hours(
        self,
        logind: FakeLogind,
        bus_machine: Path,
        start: Start,
        server: FakeServer,
        clock: FakeClock,
    ) -> None:
        probe = replace(sessions.PROBE, make_reader=lambda: SessionReader(clock.monotonic))
        logind.add("1", ADA, NOON, type_="tty")
        server.switches["work_hours"] = "schedule"
        server.work_hours = {"days": [1], "start": "12:00", "end": "12:05"}
        daemon = start(root=bus_machine, probes=[probe])
        run(daemon, clock, seconds=600)
        logind.hint("1", LockedHint=True)
        logind.end("1")
        run(daemon, clock, seconds=3600, every=30)

        kinds = {event["kind"] for body in server.bodies for event in body["events"]}
        assert kinds & {"session.logins", "session.locks", "session.logouts"} == {"session.logins"}
        rows = server.records("session.events")
        assert [row["metrics"]["session_duration_ms"]["sum"] for row in rows] == [270_000]
