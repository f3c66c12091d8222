"""What is off is not read; names leave the device as the configuration says."""

import json
import logging
import re
import sqlite3
import sys
import threading
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from dex_collector import batch, journal, users
from dex_collector.configuration import STRICT, SWITCHES, Configuration, WorkHours
from dex_collector.daemon import Daemon
from dex_collector.probes import disks_linux, executions_linux, hardware_linux, logins_linux
from dex_collector.probes.base import Context, Fact, Output, Probe
from tests.collector.conftest import configuration, run
from tests.collector.fakes import COLLECTOR_KEY, NOON, FakeClock, FakeServer
from tests.collector.written import everything_written, unpacked

Start = Callable[..., Daemon]

LOGIN = {
    "kind": "session.logins",
    "occurred_at": "2026-03-02T12:00:00.000Z",
    "user": {"name": "adas-laptop\\ada", "type": "local_user"},
    "fields": {},
}
CLEAR_NAMES = (b"\\ada", b"\\root", b"adas-laptop", b"/ada")


class TestHashing:
    @pytest.mark.case("privacy.4")
    def test_gives_the_golden_vector(self) -> None:
        assert (
            users.hash_name("CORP\\A.Rossi", COLLECTOR_KEY, 0)
            == "h:d976101f45fdcab31fed1e80026975e5"
        )

    def test_treats_composed_and_decomposed_names_alike(self) -> None:
        names = ("CORP\\J\u00fcrgen", "corp\\ju\u0308rgen")

        assert len({users.hash_name(name, COLLECTOR_KEY, 0) for name in names}) == 1

    def test_an_epoch_changes_every_name(self) -> None:
        assert users.hash_name("a\\b", COLLECTOR_KEY, 0) != users.hash_name(
            "a\\b", COLLECTOR_KEY, 1
        )

    def test_without_a_key_no_name_is_sent(self) -> None:
        assert users.shown_user_name("host", "ada", Configuration()) is None

    def test_cleans_names(self) -> None:
        shown = users.shown_user_name("h", "a\x00d\na" + "x" * 300, configuration())

        assert shown is not None
        assert shown.startswith("h\\adax")
        assert len(shown) == 256

    def test_a_hashed_device_name_does_not_come_back_as_domain(self) -> None:
        shown = users.shown_user_name("adas-laptop", "ada", configuration(device_name="hashed"))

        assert shown is not None
        assert "adas-laptop" not in shown
        assert shown.endswith("\\ada")


class TestVolumes:
    @pytest.mark.parametrize(
        ("source", "mount_point", "shown"),
        [
            ("rpool/USERDATA/ada_1f2e/mail", "/home/ada/mail", "rpool/~"),
            ("/dev/mapper/home-ada", "/home/ada", "/dev/~"),
            ("/dev/mapper/home-ada", "/var/home/ada", "/dev/~"),
            ("/dev/sda1", "/media/ada/USB DISK", "/dev/sda1"),
            ("/dev/mapper/vg-home", "/home", "/dev/mapper/vg-home"),
        ],
    )
    def test_of_a_person_are_not_named_after_them(
        self, source: str, mount_point: str, shown: str
    ) -> None:
        hashed = configuration(username="hashed")

        assert users.shown_source(source, mount_point, hashed) == shown
        assert users.shown_source(source, mount_point, configuration()) == source

    @pytest.mark.parametrize(
        ("path", "shown"),
        [
            ("/home/ada/mail", "/home/~/mail"),
            ("/var/home/ada", "/var/home/~"),
            ("/homes/ada", "/homes/ada"),
        ],
    )
    def test_lie_where_no_person_is_named(self, path: str, shown: str) -> None:
        assert users.shown_path(path, configuration(username="hashed")) == shown
        assert users.shown_path(path, configuration()) == path


class TestStrict:
    def test_covers_every_switch_with_one_of_its_values(self) -> None:
        assert set(STRICT) == set(SWITCHES)
        assert [n for n in SWITCHES if STRICT[n] not in SWITCHES[n]] == []

    def test_holds_without_a_configuration(self) -> None:
        assert Configuration().value("username") == "hashed"
        assert not Configuration().is_on("user_activity")


class TestWorkHours:
    @pytest.mark.parametrize(
        ("moment", "is_covered"),
        [
            (datetime(2026, 3, 2, 4, 59, tzinfo=UTC), False),
            (datetime(2026, 3, 2, 5, 0, tzinfo=UTC), True),  # 06:00 in Berlin
            (datetime(2026, 3, 2, 18, 59, tzinfo=UTC), True),
            (datetime(2026, 3, 2, 19, 0, tzinfo=UTC), False),
            (datetime(2026, 3, 1, 11, 0, tzinfo=UTC), False),  # a Sunday
        ],
    )
    def test_are_those_of_the_device_zone(self, moment: datetime, is_covered: bool) -> None:
        assert WorkHours().covers(moment, ZoneInfo("Europe/Berlin")) is is_covered

    @pytest.mark.case("privacy.25")
    def test_outside_them_people_are_not_read_and_performance_goes_on(
        self,
        start: Start,
        server: FakeServer,
        clock: FakeClock,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        server.switches["work_hours"] = "schedule"
        clock.set_wall(datetime(2026, 3, 2, 22, 0, tzinfo=UTC))
        reads = spy(monkeypatch, (executions_linux, "read_processes"), (logins_linux, "read_utmp"))

        run(start(), clock, seconds=330, every=10)

        assert reads == []
        assert len(server.records("device_performance.events")) == 1


class TestSwitches:
    @pytest.mark.case("collector.9")
    @pytest.mark.parametrize(
        ("switch", "value", "module", "function"),
        [
            ("serial_numbers", "off", hardware_linux, "read_serial_numbers"),
            ("serial_numbers", "off", disks_linux, "read_serial_number"),
            ("executions", "off", executions_linux, "read_processes"),
            ("session_events", "off", logins_linux, "read_utmp"),
            ("username", "none", users, "read_account_names"),
        ],
    )
    def test_off_is_not_read_at_all(
        self,
        start: Start,
        server: FakeServer,
        clock: FakeClock,
        monkeypatch: pytest.MonkeyPatch,
        switch: str,
        value: str,
        module: object,
        function: str,
    ) -> None:
        server.switches[switch] = value
        reads = spy(monkeypatch, (module, function))

        run(start(), clock, seconds=330, every=10)

        assert reads == []
        assert server.bodies

    @pytest.mark.case("collector.9")
    def test_off_leaves_the_field_out(
        self, start: Start, server: FakeServer, clock: FakeClock
    ) -> None:
        server.switches |= {"serial_numbers": "off", "username": "none", "session_events": "off"}

        run(start(), clock, seconds=1900, every=30)

        sent = str(server.bodies)
        assert "serial_number" not in sent
        assert "session.logins" not in sent
        assert [body["users"] for body in server.bodies if body["users"]] == []
        assert server.records("execution.events")

    @pytest.mark.case("collector.9")
    def test_on_is_read(self, start: Start, server: FakeServer, clock: FakeClock) -> None:
        run(start(), clock, seconds=920, every=10)

        assert server.parts("hardware")[0]["fields"]["machine_serial_number"] == "PF4ABCDE"
        assert {user["name"] for body in server.bodies for user in body["users"].values()} == {
            "adas-laptop\\ada",
            "adas-laptop\\root",
        }


class TestFailures:
    def test_that_nobody_caught_are_logged_without_their_text(
        self, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        def fail() -> None:
            raise ValueError("/home/ada/secret.odt")

        for hooked in (threading, sys):
            monkeypatch.setattr(hooked, "excepthook", hooked.excepthook)
        journal.tell_failures()

        thread = threading.Thread(target=fail, name="process-events")
        thread.start()
        thread.join()
        with pytest.raises(ValueError, match="ada") as raised:
            fail()
        sys.excepthook(raised.type, raised.value, raised.tb)

        lines = [json.loads(journal.JsonLines().format(record)) for record in caplog.records]
        assert [(line["message"], line.get("thread")) for line in lines] == [
            ("A thread failed", "process-events"),
            ("It failed", None),
        ]
        assert {line["exception"] for line in lines} == {"ValueError"}
        assert "ada" not in json.dumps(lines)


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


class TestLogins:
    def test_of_the_night_are_not_told_in_the_morning(
        self,
        start: Start,
        server: FakeServer,
        clock: FakeClock,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        server.switches["work_hours"] = "schedule"
        clock.set_wall(datetime(2026, 3, 3, 8, 0, tzinfo=UTC))
        night = datetime(2026, 3, 3, 4, 0, tzinfo=UTC)
        at_night = logins_linux.Login("tty2", 1, "ada", is_remote=False, at=night)
        monkeypatch.setattr(logins_linux, "parse_utmp", lambda content: [at_night])

        run(start(), clock, seconds=10)

        assert server.bodies
        assert server.records("session.logins") == []

    @pytest.mark.parametrize(
        ("switch", "before", "after"),
        [("session_events", "off", "all"), ("work_hours", "on_site", "always")],
    )
    def test_from_before_a_widening_are_not_told(
        self,
        start: Start,
        server: FakeServer,
        clock: FakeClock,
        switch: str,
        before: str,
        after: str,
    ) -> None:
        server.switches[switch] = before
        daemon = start()
        run(daemon, clock, seconds=10)
        server.configure(**{switch: after})
        daemon.check_in()

        run(daemon, clock, seconds=1000, every=10)

        assert server.records("session.logins") == []


def fail(*arguments: object) -> None:
    raise sqlite3.OperationalError("database or disk is full")


def clear_names_in(written: bytes) -> list[bytes]:
    """Return the clear names in a text, however often its backslashes were escaped."""
    plain = re.sub(rb"\\+", rb"\\", written)
    return [name for name in CLEAR_NAMES if name in plain]


def quarantined(daemon: Daemon) -> list[bytes]:
    """Return the whole batches in quarantine."""
    query = "SELECT body FROM quarantine WHERE typeof(body) = 'blob'"
    return [body for (body,) in daemon.spool._db.execute(query)]


def every_text(daemon: Daemon) -> str:
    """Return all that the spool holds, unpacked."""
    db = daemon.spool._db
    texts = [text for (text,) in db.execute("SELECT record FROM waiting")]
    for table in ("outbox", "sent", "quarantine"):
        for (body,) in db.execute(f"SELECT body FROM {table}"):
            texts.append(str(batch.unpack(body)) if isinstance(body, bytes) else body)
    return "\n".join(texts)


def spy(monkeypatch: pytest.MonkeyPatch, *functions: tuple[object, str]) -> list[str]:
    """Return a list that receives the name of each of the functions when it is called."""
    calls: list[str] = []
    for module, name in functions:
        real = getattr(module, name)

        def watched(
            *args: object, _real: Callable[..., object] = real, _name: str = name
        ) -> object:
            calls.append(_name)
            return _real(*args)

        monkeypatch.setattr(module, name, watched)
    return calls


def seal_waiting_names(daemon: Daemon, clock: FakeClock) -> None:
    """Put clear names into every table: waiting, outbox, sent (already), quarantine."""
    spool = daemon.spool
    spool.add([LOGIN], clock.now())
    daemon.sender.seal()
    spool.quarantine_batch(spool.rows()[0], "invalid", clock.now())
    spool.add([LOGIN], clock.now())
    daemon.sender.seal()
    spool.add([LOGIN], clock.now())


def sent_rows(daemon: Daemon) -> list[tuple[int, str, bytes]]:
    return daemon.spool._db.execute("SELECT sequence, epoch, body FROM sent").fetchall()


def sent_bodies(daemon: Daemon) -> list[bytes]:
    return [body for _, _, body in sent_rows(daemon)]
