"""Which configuration is taken, and what a start finds of it."""

import errno
import json
import logging
import sqlite3
from collections.abc import Callable
from dataclasses import replace
from datetime import time
from pathlib import Path
from typing import Any

import pytest

from dex_collector import private_files
from dex_collector.configuration import NARROWEST, Configuration, WorkHours
from dex_collector.daemon import Daemon
from dex_collector.probes import executions_linux
from tests.collector.conftest import configuration, run
from tests.collector.fakes import FakeClock, FakeServer, Reply
from tests.collector.written import everything_written

Start = Callable[..., Daemon]


@pytest.fixture
def daemon(start: Start) -> Daemon:
    """An enrolled daemon without probes."""
    made = start(probes=())
    made.step()
    return made


class TestConfiguration:
    def test_of_another_key_is_refused_and_the_old_one_kept(
        self,
        daemon: Daemon,
        server: FakeServer,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        caplog.set_level(logging.ERROR)
        forged = server.signed("collector-1")
        forged["document"] = forged["document"].replace('"version": 1', '"version": 9')
        server.script("check-in", Reply(200, {"configuration": forged, "generation": 1}))

        daemon.check_in()

        assert daemon.configuration.current.version == 1
        assert daemon.spool.read("counters") == {"configurations_refused": 1}

    @pytest.mark.parametrize(
        "change", [("collector_id", "collector-7"), ("version", 0), ("switches", {"upn": "maybe"})]
    )
    def test_for_another_or_older_or_with_a_bad_value_is_refused(
        self, daemon: Daemon, server: FakeServer, change: tuple[str, Any]
    ) -> None:
        content = json.loads(server.signed("collector-1")["document"]) | {"version": 2}
        document = json.dumps(content | dict([change]))
        signed = server.sign("dex-configuration-v1", document)
        server.script("check-in", Reply(200, {"configuration": signed, "generation": 1}))

        daemon.check_in()

        assert daemon.configuration.current.version == 1

    def test_that_was_refused_is_asked_for_again(self, daemon: Daemon, server: FakeServer) -> None:
        broken = Reply(200, {"configuration": None, "generation": 1}, {"ETag": '"2-1"'})
        server.script("check-in", broken)
        server.configure(username="none")

        daemon.check_in()
        daemon.check_in()

        assert daemon.configuration.current.version == 2

    def test_ignores_switches_of_a_later_version(self, daemon: Daemon, server: FakeServer) -> None:
        server.configure(telepathy="on")

        daemon.check_in()

        assert daemon.configuration.current.version == 2

    def test_is_in_force_again_after_a_start(
        self, start: Start, server: FakeServer, clock: FakeClock
    ) -> None:
        server.switches["username"] = "hashed"
        first = start(probes=())
        first.step()
        first.close()

        second = start(probes=())

        assert second.configuration.current.value("username") == "hashed"
        assert second.configuration.current.collector_key == bytes(range(32))


class TestOlder:
    """A version that goes back: of a restored server, or of somebody who kept what we obeyed once."""

    def test_is_taken_in_a_higher_generation(self, daemon: Daemon, server: FakeServer) -> None:
        server.configure(username="none")
        server.configure(username="hashed")
        daemon.check_in()
        server.version, server.generation = 1, 2
        server.switches["username"] = "clear"

        daemon.check_in()

        assert daemon.configuration.current.order == (2, 1)
        assert daemon.configuration.current.value("username") == "clear"

    def test_is_refused_when_it_was_replayed_from_before_a_restore(
        self, daemon: Daemon, server: FakeServer
    ) -> None:
        server.version = 9
        kept = server.signed("collector-1")
        server.version, server.generation = 2, 2
        server.switches["username"] = "none"
        daemon.check_in()

        replay(daemon, server, kept)

        assert daemon.configuration.current.order == (2, 2)
        assert daemon.configuration.current.value("username") == "none"
        assert daemon.spool.read("counters") == {"configurations_refused": 1}

    def test_is_taken_when_it_is_stricter(self, daemon: Daemon, server: FakeServer) -> None:
        server.version = 5
        daemon.check_in()
        server.version = 3
        server.switches["username"] = "none"

        daemon.check_in()

        assert daemon.configuration.current.version == 3
        assert daemon.configuration.current.value("username") == "none"
        assert daemon.spool.read("counters") is None

    @pytest.mark.parametrize("is_restarted", [False, True])
    def test_and_stricter_opens_no_way_to_what_was_between(
        self, start: Start, daemon: Daemon, server: FakeServer, is_restarted: bool
    ) -> None:
        server.configure(username="none")
        strict = server.signed("collector-1")
        server.configure(username="clear")
        wide = server.signed("collector-1")
        server.configure(username="hashed")
        daemon.check_in()
        replay(daemon, server, strict)
        daemon.configuration.save()
        if is_restarted:
            daemon.close()
            daemon = start(probes=())

        replay(daemon, server, wide)

        assert daemon.configuration.current.version == 2
        assert daemon.configuration.current.value("username") == "none"


def replay(daemon: Daemon, server: FakeServer, signed: dict[str, str]) -> None:
    """Let the server answer a check-in with an older configuration."""
    answer = {"configuration": signed, "generation": server.generation}
    server.script("check-in", Reply(200, answer))
    daemon.check_in()


class TestStricter:
    """`is_stricter_than`: less in one point at least, and more in none."""

    @pytest.mark.parametrize(
        ("change", "expected"),
        [
            ({}, False),
            ({"serial_numbers": "off"}, True),
            ({"username": "hashed", "focus_time": "on"}, False),
            ({"focus_time": "on"}, False),
            ({"work_hours": "schedule"}, True),
        ],
    )
    def test_looks_at_every_switch(self, change: dict[str, str], expected: bool) -> None:
        assert configuration(**change).is_stricter_than(configuration()) is expected

    @pytest.mark.parametrize(
        ("hours", "expected"),
        [
            (WorkHours(), False),
            (WorkHours(days=frozenset({1, 2})), True),
            (WorkHours(start=time(8), end=time(17)), True),
            (WorkHours(days=frozenset({1, 6})), False),
            (WorkHours(start=time(8), end=time(21)), False),
        ],
    )
    def test_looks_at_the_schedule(self, hours: WorkHours, expected: bool) -> None:
        older = configuration(work_hours="schedule")

        assert replace(older, work_hours=hours).is_stricter_than(older) is expected

    def test_is_none_with_the_pseudonyms_of_before(self) -> None:
        older: Configuration = replace(configuration(), epoch=2)

        assert not configuration(serial_numbers="off").is_stricter_than(older)


class TestFullDisk:
    """While the disk is full a stricter configuration holds, also over a restart."""

    def test_lets_it_be_in_force_and_is_written_later(
        self,
        daemon: Daemon,
        server: FakeServer,
        state: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        server.configure(username="none")
        with monkeypatch.context() as failing:
            failing.setattr(private_files, "write", full_disk)
            check_in_by_steps(daemon)
        during = daemon.configuration.current.value("username")

        daemon.step()

        stored = json.loads(json.loads((state / "configuration.json").read_text())["document"])
        assert during == "none"
        assert (stored["version"], stored["switches"]["username"]) == (2, "none")

    def test_gives_it_the_place_of_the_older_one(
        self, daemon: Daemon, start: Start, server: FakeServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        real = private_files.write
        server.configure(username="none")

        def full_while_the_older_is_there(path: Path, text: str) -> None:
            full_disk() if path.exists() else real(path, text)

        with monkeypatch.context() as failing:
            failing.setattr(private_files, "write", full_while_the_older_is_there)
            check_in_by_steps(daemon)
        daemon.close()

        later = start(probes=())

        assert later.configuration.current.order == (1, 2)
        assert later.configuration.current.value("username") == "none"

    @pytest.mark.parametrize("takes_the_purge", [True, False])
    def test_leaves_no_older_one_for_a_restart(
        self,
        start: Start,
        server: FakeServer,
        clock: FakeClock,
        state: Path,
        monkeypatch: pytest.MonkeyPatch,
        takes_the_purge: bool,
    ) -> None:
        daemon = start()
        run(daemon, clock, seconds=60)
        assert b"PF4ABCDE" in everything_written(state)
        server.configure(serial_numbers="off", executions="off", username="none")
        with monkeypatch.context() as failing:
            failing.setattr(private_files, "write", full_disk)
            if not takes_the_purge:
                failing.setattr(daemon.spool, "rewrite", full_spool)
            check_in_by_steps(daemon)
            daemon.close()
        server.is_down = True
        later = start()
        reads: list[str] = []
        monkeypatch.setattr(executions_linux, "read_processes", lambda *given: reads.append("read"))

        run(later, clock, seconds=130)

        assert later.configuration.current.values() == NARROWEST
        assert reads == []
        assert b"PF4ABCDE" not in everything_written(state)

        server.is_down = False
        run(later, clock, seconds=900)

        assert later.configuration.current.version == 2


class TestLostFile:
    @pytest.mark.parametrize("content", [None, "", "[]", '{"document": "{}", "signature": ""}'])
    def test_means_the_narrowest(
        self, daemon: Daemon, start: Start, state: Path, content: str | None
    ) -> None:
        daemon.close()
        file = state / "configuration.json"
        file.unlink() if content is None else file.write_text(content)

        assert start(probes=()).configuration.current.values() == NARROWEST

    def test_as_does_one_of_another_collector(
        self, daemon: Daemon, start: Start, server: FakeServer, state: Path
    ) -> None:
        daemon.close()
        (state / "configuration.json").write_text(json.dumps(server.signed("collector-7")))

        assert start(probes=()).configuration.current.values() == NARROWEST


def check_in_by_steps(daemon: Daemon) -> None:
    """Let a check-in be due, and take two steps."""
    daemon._next_check_in = 0
    daemon.step()
    daemon.step()


def full_disk(*arguments: object) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def full_spool(*arguments: object) -> None:
    raise sqlite3.OperationalError("database or disk is full")
