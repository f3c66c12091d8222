"""The commands, as processes and as functions."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from dex_collector import cli
from dex_collector.daemon import Daemon
from dex_collector.spool import Spool
from tests.collector.conftest import run
from tests.collector.fakes import FakeClock, FakeServer

Start = Callable[..., Daemon]


class TestShow:
    @pytest.mark.case("collector.17")
    def test_next_prints_what_is_then_sent(
        self,
        start: Start,
        server: FakeServer,
        clock: FakeClock,
        state: Path,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        daemon = start()
        run(daemon, clock, seconds=200, every=10)
        record = {"kind": "device_performance.boots", "occurred_at": "2026-03-02T12:00:00.000Z"}
        daemon.spool.add([record], clock.now())

        status = cli.main(["show", "--state", str(state), "--next"])
        daemon.turn()

        assert status == 0
        assert json.loads(capsys.readouterr().out) == server.bodies[-1]


class TestStatus:
    def test_says_how_it_goes(
        self,
        start: Start,
        server: FakeServer,
        clock: FakeClock,
        state: Path,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        daemon = start()
        run(daemon, clock, seconds=10)
        server.is_down = True
        daemon.spool.count_lost({"session.logins": 2})
        run(daemon, clock, seconds=320, every=10)

        cli.main(["status", "--state", str(state)])

        text = capsys.readouterr().out
        assert "Enrolled since 2026-03-02T12:00:00.000Z." in text
        assert "The collector runs." in text
        assert "Waiting to be sent: 2 records, packed in 1 batch." in text
        assert "Lost since the enrolment: session.logins: 2." in text
        assert "Not sending now: the server cannot be reached" in text

    def test_before_the_first_run(self, state: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert cli.main(["status", "--state", str(state)]) == 1
        assert "No collector has run here yet." in capsys.readouterr().out


class TestConfiguration:
    def test_says_values_lists_and_what_is_announced(
        self,
        start: Start,
        server: FakeServer,
        clock: FakeClock,
        state: Path,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        server.announced = [
            {
                "starts_at": "2026-03-09T12:00:00+00:00",
                "changes": {
                    "focus_time": {"old": "off", "new": "on"},
                    "listed_groups": {"old": [], "new": ["docker", "sudo"]},
                    "schedule": {
                        "old": {"days": [1, 2], "start": "08:00", "end": "17:00"},
                        "new": {"days": [], "start": "08:00", "end": "24:00"},
                    },
                },
            }
        ]
        run(start(), clock, seconds=10)

        status = cli.main(["configuration", "--state", str(state)])

        lines = capsys.readouterr().out.splitlines()
        groups = "the groups of your account: only those on the company's list"
        assert (status, lines[0]) == (0, "Configuration 1 is in force:")
        listed = lines[lines.index(f"  {groups} (user_groups: listed)") + 1]
        assert listed == "    listed: docker, sudo, users"
        assert lines[-4:] == [
            "From 2026-03-09 12:00 UTC on:",
            "  which program is in front: collected (now: not collected)",
            "  listed groups: docker, sudo (now: nothing)",
            "  work hours: on no day, 08:00 to 24:00 (now: Mon, Tue, 08:00 to 17:00)",
        ]

    def test_says_that_nothing_is_announced(
        self, start: Start, clock: FakeClock, state: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        run(start(), clock, seconds=10)

        cli.main(["configuration", "--state", str(state)])

        assert capsys.readouterr().out.endswith("No change is announced.\n")

    def test_before_the_first_run(self, state: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert cli.main(["configuration", "--state", str(state)]) == 1
        assert "No collector has run here yet." in capsys.readouterr().out

    def test_before_the_enrolment(
        self,
        start: Start,
        server: FakeServer,
        state: Path,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        server.is_down = True
        start().step()

        cli.main(["configuration", "--state", str(state)])

        assert capsys.readouterr().out.startswith("Not enrolled: nothing is measured")


class TestDamagedSpool:
    @pytest.mark.parametrize("command", [["status"], ["show", "--next"]])
    def test_is_left_as_it_is(
        self,
        start: Start,
        clock: FakeClock,
        state: Path,
        capsys: pytest.CaptureFixture[str],
        command: list[str],
    ) -> None:
        daemon = start()
        run(daemon, clock, seconds=10)
        daemon.close()
        spool = state / "spool.db"
        spool.write_bytes(b"no database" * 1000)

        status = cli.main([*command, "--state", str(state)])

        assert status == 2
        assert "The spool cannot be read now: file is not a database." in capsys.readouterr().err
        assert spool.read_bytes() == b"no database" * 1000
        assert list(state.glob("spool.bad-*")) == []


class TestReading:
    def test_of_status_writes_nothing(self, start: Start, clock: FakeClock, state: Path) -> None:
        daemon = start()
        run(daemon, clock, seconds=10)
        daemon.close()
        spool = state / "spool.db"
        before = (spool.read_bytes(), spool.stat().st_mtime_ns, spool.stat().st_mode)

        status = cli.main(["status", "--state", str(state)])
        with (
            closing(Spool(spool, clock.now(), mode="ro")) as visit,
            pytest.raises(sqlite3.OperationalError, match="readonly"),
        ):
            visit.write("tag", "changed")

        assert status == 0
        assert (spool.read_bytes(), spool.stat().st_mtime_ns, spool.stat().st_mode) == before

    def test_makes_no_spool(self, tmp_path: Path, clock: FakeClock) -> None:
        with pytest.raises(sqlite3.OperationalError, match="unable to open"):
            Spool(tmp_path / "spool.db", clock.now(), mode="rw")

        assert list(tmp_path.iterdir()) == []


class TestLeave:
    def test_tells_the_server_and_sets_the_identity_aside(
        self,
        start: Start,
        server: FakeServer,
        state: Path,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        daemon = start(probes=())
        daemon.step()
        daemon.spool.add([{"kind": "device_performance.boots"}], daemon.clock.now())
        arguments = ["leave", "--state", str(state), "--server", server.url]
        while_running = cli.main(arguments)
        daemon.close()

        status = cli.main(arguments)

        assert (while_running, status) == (75, 0)
        assert "The server was told." in capsys.readouterr().out
        assert [request.method for request in server.calls("enrolment")] == ["DELETE"]
        assert not (state / "identity.json").exists()
        assert not (state / "configuration.json").exists()
        spool = Spool(state / "spool.db", daemon.clock.now())
        assert (spool.waiting_records(), spool.rows(), spool.read("epoch")) == (0, [], None)

    def test_of_a_folder_without_its_server_does_not_end_the_service(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert cli.main(["leave", "--state", str(tmp_path)]) == 2
        assert "Give --state and --server" in capsys.readouterr().err


class TestSentences:
    def test_no_key(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        arguments = ["run", "--state", str(tmp_path / "s"), "--server", "https://dex.example"]

        assert cli.main(arguments) == 2
        assert "give an enrolment key" in capsys.readouterr().err

    def test_a_damaged_key(
        self, tmp_path: Path, key_file: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        key_file.write_text("swordfish")
        arguments = ["run", "--state", str(tmp_path / "s"), "--server", "https://dex.example"]

        assert cli.main([*arguments, "--enrolment-key-file", str(key_file)]) == 2
        assert "this is no enrolment key" in capsys.readouterr().err

    def test_plain_http_to_another_machine(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        arguments = ["run", "--state", str(tmp_path / "s"), "--server", "http://dex.example"]

        assert cli.main(arguments) == 2
        assert "plain http" in capsys.readouterr().err


@pytest.fixture
def processes() -> Iterator[list[subprocess.Popen[str]]]:
    started: list[subprocess.Popen[str]] = []
    yield started
    for process in started:
        process.kill()
        process.wait()


class TestProcess:
    def test_runs_logs_json_refuses_a_second_and_stops_cleanly(
        self,
        server: FakeServer,
        machine: Path,
        state: Path,
        key_file: Path,
        processes: list[subprocess.Popen[str]],
    ) -> None:
        server.clock = None  # a real process has real clocks
        arguments: list[Any] = ["run", "--state", state, "--server", server.url, "--root", machine]
        first = launch(*arguments, "--enrolment-key-file", key_file)
        processes.append(first)
        wait_for(lambda: bool(server.bodies))

        second = launch(*arguments)
        processes.append(second)
        _, second_says = second.communicate(timeout=20)
        first.send_signal(signal.SIGTERM)
        _, log = first.communicate(timeout=20)

        assert (first.returncode, second.returncode) == (0, 75)
        assert "only one may run" in second_says
        lines = [json.loads(line) for line in log.splitlines()]
        assert "Enrolled" in {line["message"] for line in lines}
        assert not [name for name in ("\\\\ada", "/ada", "adas-laptop", '"ada"') if name in log]
        shown = subprocess.run(
            [sys.executable, "-m", "dex_collector", "show", "--state", state, "--next"],
            capture_output=True,
            text=True,
            check=True,
            env=environment(),
        )
        # The open bucket was kept, or sent if it closed in these seconds.
        assert "device_performance.events" in shown.stdout + str(server.bodies)


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}


def launch(*arguments: Any) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "dex_collector", *map(str, arguments)],
        stderr=subprocess.PIPE,
        text=True,
        env=environment(),
    )


def wait_for(condition: Callable[[], bool], seconds: float = 20) -> None:
    """Wait for another process."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.05)


LARGE = {"bz2", "html", "logging.handlers", "lzma", "pickle", "shutil", "subprocess", "tempfile",
         "tomllib", "urllib.request"}  # fmt: skip


class TestMemory:
    def test_the_daemon_imports_no_large_module_that_it_does_not_need(self) -> None:
        program = "import sys; from dex_collector import cli; cli._parser(); print(*sys.modules)"

        imported = subprocess.run(
            [sys.executable, "-c", program],
            env=environment(), capture_output=True, text=True, check=True,
        ).stdout.split()  # fmt: skip

        assert "dex_collector.daemon" in imported
        assert set(imported) & LARGE == set()
