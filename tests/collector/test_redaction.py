"""A stricter configuration reaches all that is stored already."""

import logging
import re
import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from dex_collector import batch
from dex_collector.daemon import Daemon
from dex_collector.probes.base import Context, Fact, Output, Probe
from tests.collector.conftest import run
from tests.collector.fakes import NOON, FakeClock, FakeServer
from tests.collector.written import (
    every_text,
    everything_written,
    quarantined,
    sent_bodies,
    sent_rows,
    unpacked,
)

Start = Callable[..., Daemon]

LOGIN = {
    "kind": "session.logins",
    "occurred_at": "2026-03-02T12:00:00.000Z",
    "user": {"name": "adas-laptop\\ada", "type": "local_user"},
    "fields": {},
}
CLEAR_NAMES = (b"\\ada", b"\\root", b"adas-laptop", b"/ada")


class TestStricterConfiguration:
    @pytest.mark.case("collector.8")
    def test_leaves_no_clear_name_anywhere(
        self,
        start: Start,
        server: FakeServer,
        clock: FakeClock,
        state: Path,
        machine: Path,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        caplog.set_level(logging.DEBUG)
        (machine / "media/ada/USB DISK").mkdir(parents=True)
        (machine / "home/ada").mkdir(parents=True)
        with (machine / "proc/self/mountinfo").open("a") as mounts:
            mounts.write("35 28 0:40 / /home/ada rw - zfs rpool/USERDATA/ada_1f2e rw\n")
        daemon = start()
        run(daemon, clock, seconds=10)
        seal_waiting_names(daemon, clock)
        server.is_down = True
        daemon.turn()
        server.is_down = False
        clock.advance(30)
        server.configure(username="hashed", device_name="hashed")
        since = len(server.requests)
        assert "/media/ada" in str(server.bodies)
        assert "USERDATA/ada" in str(server.bodies)
        assert b"\\ada" in clear_names_in(b"\n".join(map(unpacked, quarantined(daemon))))

        daemon.check_in()
        run(daemon, clock, seconds=1000, every=10)

        assert clear_names_in(everything_written(state)) == []
        later = str([r.json() for r in server.requests[since:] if r.path == "events"]).encode()
        assert b"h:" in later
        assert clear_names_in(later) == []
        assert clear_names_in(caplog.text.encode()) == []

    def test_keeps_the_identity_of_a_purged_batch_and_marks_it(
        self, start: Start, server: FakeServer, clock: FakeClock
    ) -> None:
        daemon = start()
        run(daemon, clock, seconds=10)
        before = sent_rows(daemon)
        server.configure(username="none", serial_numbers="off", session_events="off")

        daemon.check_in()

        after = sent_rows(daemon)
        assert [row[:2] for row in after] == [row[:2] for row in before]
        content = batch.unpack(after[0][2])
        assert content["redacted"] == 2
        assert content["users"] == {}
        assert "serial_number" not in str(content)
        assert "session.logins" not in str(content)

    def test_drops_what_a_probe_began_to_read_under_the_older_one(
        self,
        start: Start,
        server: FakeServer,
        clock: FakeClock,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr("dex_collector.probes.runner.GRACE_SECONDS", 0.1)
        gate = threading.Event()

        def slow(context: Context) -> list[Output]:
            user = context.naming.of_name("ada")
            gate.wait(10)
            return [Fact("session.logins", NOON, key=str(context.now), user=user)]

        daemon = start(
            probes=[Probe("slow", 60, 30, ("session.logins",), make_reader=lambda: slow)]
        )
        daemon.step()
        server.configure(username="hashed")
        daemon.check_in()
        gate.set()

        run(daemon, clock, seconds=130, every=10)
        daemon.turn()

        names = [user["name"] for body in server.bodies for user in body["users"].values()]
        assert names
        assert {name[:2] for name in names} == {"h:"}

    def test_a_wider_one_changes_nothing_stored(
        self, start: Start, server: FakeServer, clock: FakeClock
    ) -> None:
        server.switches["username"] = "hashed"
        daemon = start()
        run(daemon, clock, seconds=10)
        before = sent_rows(daemon)
        server.configure(username="clear")

        daemon.check_in()

        assert sent_rows(daemon) == before

    @pytest.mark.parametrize("is_restarted", [False, True])
    def test_is_obeyed_later_when_the_purge_failed(
        self,
        start: Start,
        server: FakeServer,
        clock: FakeClock,
        state: Path,
        monkeypatch: pytest.MonkeyPatch,
        is_restarted: bool,
    ) -> None:
        daemon = start()
        run(daemon, clock, seconds=10)
        seal_waiting_names(daemon, clock)
        server.configure(username="hashed", device_name="hashed")
        sent = len(server.calls("events"))
        with monkeypatch.context() as failing:
            failing.setattr(daemon.spool, "_rewrite_texts", fail)
            daemon._next_check_in = 0
            daemon.step()
            daemon._wants_turn = True
            daemon.step()
            if is_restarted:
                daemon.close()
        assert len(server.calls("events")) == sent  # nothing unpurged has left

        daemon = start() if is_restarted else daemon
        run(daemon, clock, seconds=60, every=10)

        assert clear_names_in(everything_written(state)) == []
        bodies = str([request.json() for request in server.calls("events")[sent:]])
        assert "h:" in bodies
        assert "adas-laptop" not in bodies

    def test_waits_for_a_reader_who_keeps_the_log(
        self, start: Start, server: FakeServer, clock: FakeClock, state: Path
    ) -> None:
        server.switches["session_events"] = "off"
        daemon = start(probes=())
        daemon.step()
        seal_waiting_names(daemon, clock)
        daemon.spool._db.execute("PRAGMA busy_timeout = 10")
        with closing(sqlite3.connect(state / "spool.db", isolation_level=None)) as reader:
            reader.execute("BEGIN")
            reader.execute("SELECT count(*) FROM waiting").fetchone()
            server.configure(username="none", session_events="all")
            daemon._next_check_in = 0
            daemon.step()
            during = daemon.spool.read("obeyed")["username"]

        daemon.step()

        assert during == "clear"
        assert daemon.spool.read("obeyed")["username"] == "none"
        assert "session_events" in daemon.spool.read("widened_at")
        assert clear_names_in(everything_written(state)) == []

    def test_purges_a_spool_of_which_nobody_knows(
        self, start: Start, server: FakeServer, clock: FakeClock
    ) -> None:
        server.switches |= {"username": "hashed", "device_name": "hashed"}
        daemon = start(probes=())
        daemon.step()
        daemon.spool._db.execute("DELETE FROM meta WHERE key = 'obeyed'")  # of an older version
        seal_waiting_names(daemon, clock)

        daemon.step()

        assert "ada" not in every_text(daemon)

    def test_reaches_batches_in_quarantine(
        self, start: Start, server: FakeServer, clock: FakeClock
    ) -> None:
        daemon = start(probes=())
        daemon.step()
        seal_waiting_names(daemon, clock)
        server.configure(username="none")

        daemon.check_in()

        (body,) = quarantined(daemon)
        content = batch.unpack(body)
        assert content["users"] == {}
        assert content["redacted"] == 2

    def test_marks_both_halves_of_a_purged_batch(
        self, start: Start, server: FakeServer, clock: FakeClock
    ) -> None:
        daemon = start(probes=())
        daemon.step()
        seal_waiting_names(daemon, clock)
        daemon.spool.add([LOGIN, LOGIN], clock.now())
        daemon.sender.seal()
        server.configure(username="none")
        daemon.check_in()

        daemon.spool.split(daemon.spool.rows()[-1], clock.now())

        halves = [batch.unpack(row.body) for row in daemon.spool.rows()[-2:]]
        assert [half["redacted"] for half in halves] == [2, 2]

    def test_keeps_what_is_allowed_of_the_open_bucket(
        self, start: Start, server: FakeServer, clock: FakeClock
    ) -> None:
        daemon = start()
        run(daemon, clock, seconds=70, every=10)
        server.configure(username="hashed")

        daemon.check_in()
        run(daemon, clock, seconds=300, every=10)

        records = server.records("device_performance.events")
        first = [r for r in records if r["bucket"] == "2026-03-02T12:00:00.000Z"]
        assert sum(r["metrics"]["used_memory_bytes"]["count"] for r in first) == 10
        users = [user["name"] for user in server.bodies[-1]["users"].values()]
        assert {name[:2] for name in users} == {"h:"}

    def test_of_executions_takes_their_dictionaries_along(
        self, start: Start, server: FakeServer, clock: FakeClock
    ) -> None:
        daemon = start(probes=())
        daemon.step()
        execution = {
            "kind": "execution.events",
            "bucket": "2026-03-02T12:00:00.000Z",
            "bucket_s": 900,
            "user": LOGIN["user"],
            "binary": {"name": "secret-program"},
            "metrics": {},
        }
        daemon.spool.add([execution], clock.now())
        daemon.sender.seal()
        server.configure(executions="off", username="hashed")

        daemon.check_in()

        content = batch.unpack(daemon.spool.rows()[0].body)
        assert (content["events"], content["users"], content["binaries"]) == ([], {}, {})

    def test_takes_a_clear_name_on_a_hashed_device_for_clear(
        self, start: Start, server: FakeServer, clock: FakeClock
    ) -> None:
        server.switches["device_name"] = "hashed"
        daemon = start()
        run(daemon, clock, seconds=10)
        server.configure(username="hashed")

        daemon.check_in()

        bodies = [batch.unpack(body) for body in sent_bodies(daemon)]
        names = [user["name"] for body in bodies for user in body["users"].values()]
        assert names
        assert [name for name in names if "\\" in name] == []

    def test_removes_a_damaged_spool_that_was_set_aside(
        self, start: Start, server: FakeServer, state: Path
    ) -> None:
        daemon = start(probes=())
        daemon.step()
        (state / "spool.bad-20260302T110000.db").write_bytes(b"ada")
        server.configure(username="none")

        daemon.check_in()

        assert list(state.glob("spool.bad-*")) == []

    def test_is_not_undone_by_a_question_for_whole_parts(
        self, start: Start, server: FakeServer, clock: FakeClock
    ) -> None:
        daemon = start()
        run(daemon, clock, seconds=10)
        server.configure(serial_numbers="off", device_name="hashed")
        daemon.check_in()

        daemon.measurement.need_full(["hardware", "disks", "operating_system"])

        assert "PF4ABCDE" not in every_text(daemon)
        assert "adas-laptop" not in every_text(daemon)
        run(daemon, clock, seconds=900, every=10)
        assert server.parts("hardware")[-1]["full"]


def fail(*arguments: object) -> None:
    raise sqlite3.OperationalError("database or disk is full")


def clear_names_in(written: bytes) -> list[bytes]:
    """Return the clear names in a text, however often its backslashes were escaped."""
    plain = re.sub(rb"\\+", rb"\\", written)
    return [name for name in CLEAR_NAMES if name in plain]


def seal_waiting_names(daemon: Daemon, clock: FakeClock) -> None:
    """Put clear names into every table: waiting, outbox, sent (already), quarantine."""
    spool = daemon.spool
    spool.add([LOGIN], clock.now())
    daemon.sender.seal()
    spool.quarantine_batch(spool.rows()[0], "invalid", clock.now())
    spool.add([LOGIN], clock.now())
    daemon.sender.seal()
    spool.add([LOGIN], clock.now())
