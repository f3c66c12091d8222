"""The local socket of a daemon, with real peers."""

import json
import os
import socket
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dex_collector.daemon import Daemon
from dex_collector.local import server as server_module
from tests.collector.conftest import run
from tests.collector.fakes import FakeClock, FakeServer
from tests.collector.watching import Door
from tests.fakes.bus import wait_for

OWN = os.getuid()
STRANGER = 65_000
SPEAK = """
import os, socket, sys
os.setuid(int(sys.argv[3]))
link = socket.socket(socket.AF_UNIX)
link.connect(sys.argv[1])
link.sendall(sys.argv[2].encode() + b"\\n")
print(link.recv(1000).decode())
input()
"""


def say(link: socket.socket, **message: Any) -> dict[str, Any]:
    """Send a message and return the answer; nothing, where the peer was closed."""
    link.sendall(json.dumps(message).encode() + b"\n")
    answer = link.recv(10_000)
    return dict(json.loads(answer)) if answer else {}


class TestMessages:
    def test_count_for_the_account_of_the_peer(self, door: Door) -> None:
        with door.peer() as link:
            answer = say(link, type="locks", is_locked=True)

            assert door.companions.is_locked(OWN)
            assert answer == {
                "type": "state",
                "measuring": True,
                "reads": ["desktop", "idle", "locks"],
            }

    @pytest.mark.case("collector.17")
    def test_of_another_account_are_its_own(self, door: Door) -> None:
        if OWN != 0:
            pytest.skip("only root becomes somebody else")
        message = json.dumps({"type": "locks", "is_locked": True})
        speaker = subprocess.Popen(
            [sys.executable, "-c", SPEAK, str(door.path), message, str(STRANGER)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert speaker.stdout is not None
        assert b'"measuring": true' in speaker.stdout.readline()

        assert door.companions.is_locked(STRANGER)
        assert not door.companions.is_locked(OWN)

        speaker.communicate(b"\n")
        wait_for(lambda: not door.companions.is_locked(STRANGER))

    @pytest.mark.parametrize(
        ("sent", "counter"),
        [
            (b"{}\n", "local_unreadable"),
            (b"[1]\n", "local_unreadable"),
            (b"no JSON\n", "local_unreadable"),
            (b"[" * 200_000 + b"\n", "local_unreadable"),
            (b'{"type": "cmdline"}\n', "local_unreadable"),
            (b'{"type": ["locks"]}\n', "local_unreadable"),
            (b'{"type": "locks"}\n', "local_unreadable"),
            (b'{"type": "idle", "idle_ms": -1}\n', "local_unreadable"),
            (b'{"type": "idle", "idle_ms": 1e999}\n', "local_unreadable"),
            (b'{"type": "desktop", "visible_at": "today"}\n', "local_unreadable"),
            (
                b'{"type": "desktop", "visible_at": "0001-01-01T00:00:00+23:59"}\n',
                "local_unreadable",
            ),
            (b'{"type": "hello", "uid": 4711}\n', "local_wrong_uid"),
            (b'{"type": "hello", "x": "' + b"x" * 1_000_000, "local_too_large"),
        ],
        ids=lambda value: value if isinstance(value, str) else value[:40].decode(),
    )
    def test_that_are_bad_close_the_peer(self, door: Door, sent: bytes, counter: str) -> None:
        with door.peer() as link, door.peer() as other:
            try:
                link.sendall(sent)
                answer = link.recv(100)
            except ConnectionError:
                answer = b""

            assert answer == b""
            assert door.server.take_counts() == {counter: 1}
            assert say(other, type="hello")["measuring"]

    def test_that_we_fail_on_close_their_peer_alone(
        self, door: Door, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fail(uid: int, idle_seconds: float) -> None:
            raise ZeroDivisionError

        monkeypatch.setattr(door.companions, "tell_idle", fail)
        with door.peer() as link, door.peer() as other:
            assert say(link, type="idle", idle_ms=5) == {}
            assert say(other, type="hello")["measuring"]

        assert door.server.take_counts() == {"local_failed": 1}

    def test_of_one_megabyte_are_taken(self, door: Door) -> None:
        with door.peer() as link:
            assert say(link, type="hello", filling="x" * 990_000)["measuring"]

    def test_are_limited_in_number(self, door: Door) -> None:
        with door.peer() as link:
            answers = [say(link, type="hello") for _ in range(600)]
            while say_if_possible(link):
                answers.append({})

        assert 600 <= len(answers) <= 1_200  # a minute may have begun meanwhile
        assert door.server.take_counts() == {"local_too_many": 1}

    def test_are_limited_in_size(self, door: Door) -> None:
        taken = 0
        with door.peer() as link:
            while say_if_possible(link, filling="x" * 990_000):
                taken += 1

        assert 4 <= taken <= 8  # a minute may have begun meanwhile
        assert door.server.take_counts() == {"local_too_many": 1}

    def test_of_an_account_that_comes_too_often_are_not_heard(self, door: Door) -> None:
        came = 0
        while comes_in(door):
            came += 1

        assert 60 <= came <= 120
        assert not comes_in(door)

    def test_are_not_looked_at_while_a_crowd_is_refused(
        self, door: Door, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(server_module, "MINUTE_SECONDS", 2)
        monkeypatch.setattr(server_module, "REFUSALS_MAXIMUM", 3)
        links = [door.peer() for _ in range(8)]
        assert all(say(link, type="hello") for link in links)
        while not door.server._is_shut:
            assert not comes_in(door)
        refused = door.server.take_counts()["local_too_many"]
        links.pop().close()
        wait_for(lambda: len(door.server._peers) == 7)
        another = door.peer()

        assert say(links[0], type="hello")["measuring"]
        let_in, is_shut = len(door.server._peers) > 7, door.server._is_shut
        assert not (let_in and is_shut)
        assert say(another, type="hello")["measuring"]  # after the two seconds
        assert refused >= 3
        assert door.server.take_counts() == {}
        for link in [*links, another]:
            link.close()

    def test_of_too_many_peers_are_not_heard(
        self, door: Door, caplog: pytest.LogCaptureFixture
    ) -> None:
        links = [door.peer() for _ in range(8)]
        assert all(say(link, type="hello") for link in links)

        for _ in range(20):
            with door.peer() as another:
                assert another.recv(10) == b""
        assert door.server.take_counts() == {"local_too_many": 20}
        assert len(caplog.records) == 1  # nobody fills the log
        for link in links:
            link.close()


def say_if_possible(link: socket.socket, **content: str) -> bool:
    try:
        return bool(say(link, type="hello", **content))
    except ConnectionError:
        return False


def comes_in(door: Door) -> bool:
    with door.peer() as link:
        return say_if_possible(link)


class TestState:
    @pytest.mark.case("collector.9")
    def test_says_what_may_be_read(self, door: Door) -> None:
        with door.peer() as link:
            door.allow(user_activity="off", session_events="off")
            strict = say(link, type="idle", idle_ms=5)
            door.allow(measures_people=False)
            nothing = say(link, type="hello")

        assert strict["reads"] == ["locks"]
        assert nothing == {"type": "state", "measuring": False, "reads": []}
        assert door.companions.idle_seconds(OWN) is None

    def test_that_ends_forgets_what_was_told(self, door: Door) -> None:
        with door.peer() as link:
            say(link, type="locks", is_locked=True)
            say(link, type="idle", idle_ms=5)
            door.allow(measures_people=False)

            assert not door.companions.is_locked(OWN)
            assert door.companions.take_locks() == []
            say(link, type="locks", is_locked=True)
            assert not door.companions.is_locked(OWN)


class TestDaemon:
    def test_opens_its_door_and_counts_whom_it_closed(
        self, start: Callable[..., Daemon], server: FakeServer, clock: FakeClock, folder: Path
    ) -> None:
        daemon = start(socket=folder / "collector.sock")
        run(daemon, clock, seconds=20)
        link = socket.socket(socket.AF_UNIX)
        link.connect(str(folder / "collector.sock"))

        answer = say(link, type="hello")
        link.sendall(b"no JSON\n")
        link.recv(10)
        run(daemon, clock, seconds=20)

        assert answer["measuring"]
        assert stat.S_IMODE((folder / "collector.sock").stat().st_mode) == 0o666
        assert daemon.spool.read("counters")["local_unreadable"] == 1
        daemon.close()
        assert not (folder / "collector.sock").exists()

    def test_says_that_it_does_not_measure_outside_work_hours(
        self, start: Callable[..., Daemon], server: FakeServer, clock: FakeClock, folder: Path
    ) -> None:
        server.switches["work_hours"] = "schedule"
        server.work_hours = {"days": [7]}
        daemon = start(socket=folder / "collector.sock")
        run(daemon, clock, seconds=20)
        link = socket.socket(socket.AF_UNIX)
        link.connect(str(folder / "collector.sock"))

        assert say(link, type="hello") == {"type": "state", "measuring": False, "reads": []}

    def test_says_so_while_its_new_identity_is_not_accepted(
        self, start: Callable[..., Daemon], server: FakeServer, clock: FakeClock, folder: Path
    ) -> None:
        daemon = start(socket=folder / "collector.sock")
        run(daemon, clock, seconds=20)
        with socket.socket(socket.AF_UNIX) as link:
            link.connect(str(folder / "collector.sock"))
            before = say(link, type="hello")
            daemon._follow(daemon.link.enrolled, reason="device_expired")
            server.is_down = True

            daemon.step()

            assert before["measuring"]
            assert say(link, type="hello") == {"type": "state", "measuring": False, "reads": []}

    def test_takes_the_place_of_one_that_was_killed(
        self, start: Callable[..., Daemon], clock: FakeClock, folder: Path
    ) -> None:
        left = socket.socket(socket.AF_UNIX)
        left.bind(str(folder / "collector.sock"))
        left.close()

        run(start(socket=folder / "collector.sock"), clock, seconds=10)

        with socket.socket(socket.AF_UNIX) as link:
            link.connect(str(folder / "collector.sock"))

    def test_goes_on_without_a_place(
        self, start: Callable[..., Daemon], server: FakeServer, clock: FakeClock, folder: Path
    ) -> None:
        (folder / "collector.sock").mkdir()

        run(start(socket=folder / "collector.sock"), clock, seconds=10)

        assert server.bodies
