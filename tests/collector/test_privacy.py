"""What is off is not read; names leave the device as the configuration says."""

import json
import sys
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from dex_collector import journal, users
from dex_collector.configuration import STRICT, SWITCHES, Configuration, WorkHours
from dex_collector.daemon import Daemon
from dex_collector.probes import disks_linux, executions_linux, hardware_linux, logins_linux
from tests.collector.conftest import configuration, run
from tests.collector.fakes import COLLECTOR_KEY, FakeClock, FakeServer
from tests.collector.spying import spy

Start = Callable[..., Daemon]


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
