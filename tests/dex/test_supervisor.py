"""The supervisor, with real small processes."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from dex.operations.supervisor import LONGEST_DELAY_SECONDS, delay_seconds

ROOT = Path(__file__).parents[2]
SECONDS = 20.0  # until a wait is given up


def until(condition: Callable[[], bool]) -> None:
    """Wait for a condition."""
    deadline = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < deadline, "it never became true"
        time.sleep(0.02)


def survivors(folder: Path) -> list[str]:
    """Return the commands of the processes that stand in `folder`; a zombie stands nowhere."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if os.readlink(process / "cwd") == str(folder):
                found.append((process / "cmdline").read_text().replace("\0", " "))
        except OSError:
            continue
    return found


def lines(folder: Path, process: str) -> list[str]:
    """Return what a process has printed."""
    file = folder / f"{process}.jsonl"
    text = file.read_text() if file.exists() else ""
    return [json.loads(line)["event"] for line in text.splitlines()]


class Supervised:
    """A running supervisor and its folder."""

    def __init__(self, folder: Path, *commands: str) -> None:
        self.folder = folder
        self.popen = subprocess.Popen(
            [sys.executable, "-m", "tests.dex.supervised", str(folder), *commands],
            cwd=ROOT,
            stdout=subprocess.DEVNULL,
        )
        until(lambda: all(lines(folder, f"p{number}") for number in range(len(commands))))

    @property
    def supervisor_pid(self) -> int:
        return int((self.folder / "supervisor.pid").read_text())


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Supervised]]:
    """Start supervisors that end with the test."""
    started: list[Supervised] = []

    def _start(*commands: str) -> Supervised:
        started.append(Supervised(tmp_path, *commands))
        return started[-1]

    yield _start
    for one in started:
        one.popen.kill()
        one.popen.wait()


class TestSupervisor:
    def test_restarts_what_dies_later_each_time(self, start: Callable[..., Supervised]) -> None:
        supervised = start("echo started; exit 3")

        until(lambda: len(lines(supervised.folder, "launcher")) >= 3)

        assert lines(supervised.folder, "launcher")[:3] == [
            "p0 ended (3); it starts again in 0.5 s",
            "p0 ended (3); it starts again in 1 s",
            "p0 ended (3); it starts again in 2 s",
        ]

    def test_tries_again_what_cannot_be_started(self, start: Callable[..., Supervised]) -> None:
        supervised = start("echo started; exit 3")
        folder, away = supervised.folder, supervised.folder.with_name("away")

        folder.rename(away)
        until(lambda: any("could not be started" in line for line in lines(away, "launcher")))
        away.rename(folder)
        number = len(lines(folder, "p0"))

        until(lambda: len(lines(folder, "p0")) > number)
        assert supervised.popen.poll() is None

    def test_kills_what_a_dead_process_has_left(self, start: Callable[..., Supervised]) -> None:
        supervised = start("sleep 1000 & echo started; exit 1")

        until(lambda: bool(lines(supervised.folder, "launcher")))

        assert survivors(supervised.folder) == []

    @pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGINT])
    def test_stops_in_reverse_order(
        self, start: Callable[..., Supervised], sign: signal.Signals
    ) -> None:
        note = "trap 'echo $0 >> order; exit 0' TERM; echo started; while :; do sleep 0.05; done"
        supervised = start(note.replace("$0", "first"), note.replace("$0", "second"))

        supervised.popen.send_signal(sign)

        assert supervised.popen.wait(SECONDS) == 0
        assert (supervised.folder / "order").read_text().split() == ["second", "first"]
        assert survivors(supervised.folder) == []

    def test_kills_what_does_not_stop(self, start: Callable[..., Supervised]) -> None:
        supervised = start("trap '' TERM; echo started; while :; do sleep 0.05; done")

        supervised.popen.terminate()

        assert supervised.popen.wait(SECONDS) == 0
        assert survivors(supervised.folder) == []

    def test_stops_what_has_left_its_session(self, start: Callable[..., Supervised]) -> None:
        supervised = start("setsid sh -c 'sleep 1000 & sleep 1000' & echo started; sleep 1000")

        supervised.popen.terminate()

        assert supervised.popen.wait(SECONDS) == 0
        assert survivors(supervised.folder) == []

    def test_leaves_nothing_when_it_is_killed(self, start: Callable[..., Supervised]) -> None:
        supervised = start(
            "trap '' TERM; setsid sleep 1000 & echo started; while :; do sleep 1; done"
        )

        os.kill(supervised.supervisor_pid, signal.SIGKILL)

        assert supervised.popen.wait(SECONDS) == 128 + signal.SIGKILL
        assert survivors(supervised.folder) == []

    def test_leaves_nothing_when_its_guard_is_killed(
        self, start: Callable[..., Supervised]
    ) -> None:
        supervised = start("trap '' TERM; echo started; while :; do sleep 1; done")

        supervised.popen.kill()

        until(lambda: survivors(supervised.folder) == [])

    def test_is_alone_in_its_folder(self, start: Callable[..., Supervised]) -> None:
        supervised = start("echo started; sleep 1000")

        second = subprocess.run(
            [sys.executable, "-m", "tests.dex.supervised", str(supervised.folder)],
            cwd=ROOT,
            capture_output=True,
            text=True,
        )

        assert second.returncode == 1
        assert f"dex already runs on {supervised.folder.parent}" in second.stderr
        assert f"(process {supervised.popen.pid})" in second.stderr


class TestDelay:
    @pytest.mark.parametrize(
        ("failures", "seconds"), [(1, 0.5), (2, 1), (3, 2), (4, 4), (50, LONGEST_DELAY_SECONDS)]
    )
    def test_doubles_up_to_a_minute(self, failures: int, seconds: float) -> None:
        assert delay_seconds(failures) == seconds
