"""How it goes, and what may be collected, in sentences for the people it is about."""

import os
import webbrowser
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from dex_collector import cli, pausing
from dex_collector.daemon import Daemon
from dex_collector.probes.base import NoData, Output, Probe
from dex_collector.show.door import ShowDoor, ask
from dex_collector.show.gathering import Gathering
from dex_collector.show.sentences import ago
from dex_collector.show.text import html_parts, text_lines
from dex_collector.state_lock import is_locked, lock
from tests.collector.conftest import run
from tests.collector.fakes import FakeClock, FakeServer

Start = Callable[..., Daemon]
ADA = 1000


@pytest.fixture
def told(state: Path, machine: Path, clock: FakeClock) -> Callable[[], list[str]]:
    """Return what `status` says now to an account without rights."""

    def ask_it() -> list[str]:
        [line] = Gathering(state, clock, ADA, machine).status()
        return list(line["sentences"])

    return ask_it


class TestStatus:
    def test_of_a_collector_that_works(
        self, start: Start, clock: FakeClock, told: Callable[[], list[str]]
    ) -> None:
        daemon = start(probes=())
        run(daemon, clock, seconds=20)

        assert told() == [
            "The collector runs.",
            "Enrolled since 2026-03-02T12:00:00.000Z.",
            "Last sent less than a minute ago (2026-03-02T12:00:00.000Z).",
            "Nothing waits to be sent.",
            "Nothing was lost.",
            "Sending works.",
        ]

    def test_of_one_that_was_stopped_does_not_say_that_it_works(
        self, start: Start, clock: FakeClock, told: Callable[[], list[str]]
    ) -> None:
        daemon = start(probes=())
        run(daemon, clock, seconds=20)
        daemon.close()

        sentences = told()

        assert sentences[0].startswith("The collector does not run")
        assert "Sending works." not in sentences

    def test_before_the_enrolment_says_why(
        self, start: Start, server: FakeServer, told: Callable[[], list[str]]
    ) -> None:
        server.is_down = True
        start(probes=()).step()

        sentences = told()

        assert sentences[1] == "Not enrolled: nothing is measured."
        assert sentences[-1].startswith("Not sending now: the server cannot be reached")

    def test_of_a_clock_that_was_set_back(
        self, start: Start, clock: FakeClock, told: Callable[[], list[str]]
    ) -> None:
        run(start(probes=()), clock, seconds=20)
        clock.set_wall(clock.now() - timedelta(days=2))

        assert "the clock of this device was set back" in told()[2]

    def test_says_what_the_server_refused(
        self, start: Start, clock: FakeClock, told: Callable[[], list[str]]
    ) -> None:
        daemon = start(probes=())
        run(daemon, clock, seconds=20)
        daemon.spool.count("records_refused")

        assert "The server refused 1 record." in told()

    def test_says_that_people_are_not_measured(
        self,
        start: Start,
        server: FakeServer,
        clock: FakeClock,
        told: Callable[[], list[str]],
    ) -> None:
        server.switches["work_hours"] = "schedule"
        daemon = start(probes=())
        run(daemon, clock, seconds=20)
        within = told()[-1]
        pausing.begin(daemon.spool, daemon.configuration.current, 5, clock.now())
        paused = told()[-1]
        clock.advance(14 * 3600)

        assert within == "Sending works."
        assert paused == (
            "Paused: what is about people is not measured until 2026-03-02T12:05:20.000Z."
        )
        assert told()[-1].endswith("it is outside the work hours.")

    def test_says_that_people_are_not_measured_elsewhere(
        self, start: Start, server: FakeServer, clock: FakeClock, told: Callable[[], list[str]]
    ) -> None:
        server.switches["work_hours"] = "on_site"  # and no network is listed
        run(start(probes=()), clock, seconds=20)

        assert told()[-1].endswith("it is on none of the company's networks.")

    @pytest.mark.parametrize(
        ("passed", "text"),
        [
            (timedelta(seconds=59), "less than a minute ago"),
            (timedelta(minutes=119), "119 min ago"),
            (timedelta(hours=47), "47 h ago"),
            (timedelta(days=3), "3 days ago"),
        ],
    )
    def test_counts_time_in_fitting_units(self, passed: timedelta, text: str) -> None:
        assert ago(passed) == text


class TestConfiguration:
    @pytest.fixture
    def door(
        self, start: Start, machine: Path, state: Path, clock: FakeClock, tmp_path: Path
    ) -> Iterator[Path]:
        """The door of a daemon whose device's own administrator forbids what the server allows."""
        (machine / "etc/dex-collector").mkdir()
        (machine / "etc/dex-collector/local.toml").write_text(
            '[switches]\nserial_numbers = "off"\n'
        )
        run(start(probes=()), clock, seconds=20)
        made = ShowDoor(tmp_path / "show.sock", lambda uid: Gathering(state, clock, ADA, machine))
        yield tmp_path / "show.sock"
        made.close()

    def test_is_told_without_rights_and_as_the_local_file_narrows_it(self, door: Path) -> None:
        [line] = ask(door, "configuration")

        assert (
            "  serial numbers of hardware: not collected (serial_numbers: off)" in line["sentences"]
        )
        assert "Forbidden on this device itself: serial_numbers." in line["sentences"]


class TestShow:
    def test_says_what_the_machine_cannot_tell(
        self, start: Start, clock: FakeClock, state: Path, machine: Path
    ) -> None:
        def lacks_a_source(context: object) -> list[Output]:
            raise NoData("no such file")

        probe = Probe("quantum_state", 30, 2, (), lambda: lacks_a_source)
        run(start(probes=(probe,)), clock, seconds=60)

        shown = list(Gathering(state, clock, ADA, machine).everything())

        assert "  quantum state: not at all" in list(text_lines(shown))
        assert "<td>quantum state</td><td>not at all</td>" in "".join(html_parts(shown))

    def test_says_what_befell_the_collector_so_that_a_gap_has_its_reason(
        self, start: Start, clock: FakeClock, state: Path, machine: Path
    ) -> None:
        daemon = start(probes=())
        run(daemon, clock, seconds=20)
        daemon.measurement.reports.tell("probe_disabled", "packages: not read for now")
        daemon.measurement.reports.tell("records_dropped", number_of_records=7)
        daemon.measurement.reports.tell("health")

        shown = list(Gathering(state, clock, ADA, machine).everything())

        lines, page = list(text_lines(shown)), "".join(html_parts(shown))
        assert lines[lines.index("What the collector told of itself, newest first:") + 1 :][:2] == [
            "  2026-03-02T12:00:20.000Z: records dropped: 7 records",
            "  2026-03-02T12:00:20.000Z: probe disabled: packages: not read for now",
        ]
        assert "<td>probe disabled: packages: not read for now</td>" in page
        assert "health" not in [line.rpartition(": ")[2] for line in lines]

    def test_from_the_menu_says_on_its_page_that_nobody_answers(
        self, start: Start, clock: FakeClock, state: Path, tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:  # fmt: skip
        run(start(probes=()), clock, seconds=20)
        opened: list[str] = []
        monkeypatch.setattr(os, "getuid", lambda: ADA)
        monkeypatch.setattr(webbrowser, "open", opened.append)
        monkeypatch.setenv("HOME", str(tmp_path))
        (tmp_path / "dex-collector.html").write_text("of last week")

        places = ["--state", str(state), "--show-socket", str(tmp_path / "none.sock")]
        status = cli.main(["show", "--html", *places])

        page = (tmp_path / "dex-collector.html").read_text()
        assert (status, opened) == (2, [f"file://{tmp_path}/dex-collector.html"])
        assert "No collector answers here" in page
        assert page.endswith("</html>\n")

    def test_says_on_its_page_that_the_spool_cannot_be_read(self, tmp_path: Path) -> None:
        (tmp_path / "bad").mkdir()
        (tmp_path / "bad" / "spool.db").write_bytes(b"no database" * 1_000)

        places = ["--state", str(tmp_path / "bad")]
        status = cli.main(["show", "--html", str(tmp_path / "page.html"), *places])

        assert status == 2
        assert "The spool cannot be read now" in (tmp_path / "page.html").read_text()

    def test_that_cannot_be_written_is_no_crash(
        self, start: Start, clock: FakeClock, state: Path, tmp_path: Path
    ) -> None:
        run(start(probes=()), clock, seconds=20)

        page = str(tmp_path / "missing" / "page.html")

        assert cli.main(["show", "--html", page, "--state", str(state)]) == 2

    def test_takes_no_report_of_the_collector_for_a_value_of_a_probe(
        self, start: Start, clock: FakeClock, state: Path, machine: Path
    ) -> None:
        daemon = start(probes=())
        daemon.step()
        daemon.measurement.reports.tell("probe_failed", "sessions failed")

        head = next(Gathering(state, clock, ADA, machine).everything())

        assert {one["name"]: one["last"] for one in head["probes"]}["executions"] is None


class TestNext:
    def test_says_that_nothing_waits(
        self, start: Start, clock: FakeClock, state: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        run(start(probes=()), clock, seconds=20)

        status = cli.main(["show", "--state", str(state), "--next"])

        printed = capsys.readouterr()
        assert (status, printed.out) == (0, "")
        assert printed.err.startswith("Nothing waits")


class TestLock:
    def test_is_seen_without_being_taken(self, tmp_path: Path) -> None:
        before = is_locked(tmp_path)
        descriptor = lock(tmp_path)
        while_held = is_locked(tmp_path)
        os.close(descriptor)

        assert (before, while_held, is_locked(tmp_path)) == (False, True, False)
