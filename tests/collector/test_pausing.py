"""Pauses of the employee."""

import io
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from dex_collector import cli, pausing
from dex_collector.clock import to_text
from dex_collector.daemon import Daemon
from dex_collector.probes.base import Context, Fact, Output, Probe
from dex_collector.spool import Spool
from tests.collector.conftest import configuration, run
from tests.collector.fakes import FakeClock, FakeServer

Start = Callable[..., Daemon]


class TestPause:
    def test_stops_what_is_about_people_is_reported_and_ends(
        self, start: Start, server: FakeServer, clock: FakeClock
    ) -> None:
        server.switches["pause"] = "on"
        reads: list[str] = []

        def reader(name: str) -> Callable[[Context], Iterable[Output]]:
            def read(context: Context) -> Iterable[Output]:
                reads.append(name)
                return []

            return read

        people = Probe("people", 30, 2, (), lambda: reader("people"), is_user_linked=True)
        device = Probe("device", 30, 2, (), lambda: reader("device"))
        daemon = start(probes=(people, device))
        run(daemon, clock, seconds=60)
        pausing.begin(daemon.spool, daemon.configuration.current, 10, clock.now())
        reads.clear()
        run(daemon, clock, seconds=570)
        paused = set(reads)
        run(daemon, clock, seconds=60)
        daemon.turn()

        assert (paused, set(reads)) == ({"device"}, {"device", "people"})
        told = [record["fields"] for record in server.records("collector.events")]
        assert [one for one in told if one["type"] == "paused"] == [
            {"type": "paused", "details": "paused by user, 10 min"}
        ]

    def test_is_not_cut_short_by_wider_work_hours(
        self, start: Start, server: FakeServer, clock: FakeClock
    ) -> None:
        server.switches |= {"pause": "on", "work_hours": "schedule"}
        moments: list[datetime] = []

        def read(context: Context) -> Iterable[Output]:
            return [Fact("session.logins", moment, key=str(moment)) for moment in moments]

        people = Probe("people", 30, 2, (), lambda: read, is_user_linked=True)
        daemon = start(probes=(people,))
        run(daemon, clock, seconds=60)
        pausing.begin(daemon.spool, daemon.configuration.current, 30, clock.now())
        server.configure(work_hours="always")
        daemon.check_in()
        during, after = clock.now() + timedelta(minutes=20), clock.now() + timedelta(minutes=31)
        moments += [during, after]

        run(daemon, clock, seconds=2_000)
        daemon.turn()

        (login,) = server.records("session.logins")
        assert login["occurred_at"] == to_text(after)

    def test_is_refused_where_it_is_not_allowed(self, spool: Spool, clock: FakeClock) -> None:
        with pytest.raises(pausing.PauseRefused, match="allows no pause"):
            pausing.begin(spool, configuration(pause="off"), 10, clock.now())

    @pytest.mark.parametrize("minutes", [0, -1, 481])
    def test_has_an_end(self, spool: Spool, clock: FakeClock, minutes: int) -> None:
        with pytest.raises(pausing.PauseRefused, match="lasts 1 to 480"):
            pausing.begin(spool, configuration(pause="on"), minutes, clock.now())

    def test_ends_when_it_is_not_allowed_any_more(self, spool: Spool, clock: FakeClock) -> None:
        pausing.begin(spool, configuration(pause="on"), 10, clock.now())

        assert pausing.is_paused(spool, configuration(pause="on"), clock.now())
        assert not pausing.is_paused(spool, configuration(pause="off"), clock.now())
        later = clock.now() + timedelta(minutes=10)
        assert not pausing.is_paused(spool, configuration(pause="on"), later)


class TestCommand:
    @pytest.mark.parametrize(
        ("answer", "status", "said"),
        [("y\n", 0, "is not measured until"), ("\n", 1, "Nothing was changed")],
    )
    def test_says_before_that_a_gap_is_reported(
        self,
        start: Start,
        server: FakeServer,
        clock: FakeClock,
        state: Path,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
        answer: str,
        status: int,
        said: str,
    ) -> None:
        server.switches["pause"] = "on"
        run(start(probes=()), clock, seconds=20)
        monkeypatch.setattr("sys.stdin", io.StringIO(answer))

        ended = cli.main(["pause", "--state", str(state), "--minutes", "30"])

        text = capsys.readouterr().out
        assert ended == status
        assert "paused by user, is reported; it is never ranked" in text
        assert said in text

    def test_is_told_that_it_may_not(
        self,
        start: Start,
        server: FakeServer,
        clock: FakeClock,
        state: Path,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        server.switches["pause"] = "off"
        run(start(probes=()), clock, seconds=20)

        assert cli.main(["pause", "--yes", "--state", str(state), "--minutes", "30"]) == 2
        assert "allows no pause" in capsys.readouterr().err
