"""Sessions: a real bus on which logind is played, and the file of logins where there is none."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from dex_collector.bus import Bus
from dex_collector.daemon import Daemon
from dex_collector.probes import logind_linux, logins_linux
from dex_collector.probes.base import Lack, Output, ProbeError, Sample, Tally
from tests.collector.conftest import configuration, copy_machine
from tests.collector.fakes import NOON, FakeClock
from tests.collector.watching import Watch
from tests.fakes.bus import PrivateBus, wait_for
from tests.fakes.logind import NAME, FakeLogind, Person

ADA, ROOT = Person(1000, "ada"), Person(0, "root")
Start = Callable[..., Daemon]


def samples(outputs: Sequence[Output]) -> list[Sample]:
    return [one for one in outputs if isinstance(one, Sample)]


class TestFacts:
    @pytest.mark.case("collector.11")
    def test_are_one_for_each_change(self, logind: FakeLogind, watch: Watch) -> None:
        logind.open("1", ADA, watch.clock.now(), type_="tty")
        watch.hear(1)
        watch.read()
        logind.hint("1", LockedHint=True)
        watch.hear(1)
        watch.read()
        logind.hint("1", LockedHint=False)
        watch.hear(1)
        watch.read()
        logind.end("1")
        watch.hear(1)
        watch.read()
        watch.read()

        assert watch.kinds == [
            "session.logins",
            "session.locks",
            "session.unlocks",
            "session.logouts",
        ]
        assert {fact.fields["session_id"] for fact in watch.told.values()} == {"1.11111111"}
        assert {str(fact.user) for fact in watch.told.values()} == {
            str({"name": "adas-laptop\\ada", "type": "local_user"})
        }

    @pytest.mark.case("collector.11")
    def test_are_none_for_a_request(self, logind: FakeLogind, watch: Watch) -> None:
        logind.open("1", ADA, NOON, type_="tty")
        logind.request("1", "Lock")
        logind.request("1", "Unlock")
        logind.hint("1", LockedHint=False)
        watch.hear(2)

        watch.read()

        assert watch.kinds == ["session.logins"]

    def test_have_the_time_of_the_signal(self, logind: FakeLogind, watch: Watch) -> None:
        logind.open("1", ADA, NOON - timedelta(minutes=1), type_="tty")
        watch.hear(1)
        watch.read(20)
        logind.hint("1", LockedHint=True)
        watch.hear(1)
        locked_at = watch.clock.now()

        watch.read(17)

        login, lock = watch.told.values()
        assert login.occurred_at == NOON - timedelta(minutes=1)
        assert lock.occurred_at == locked_at
        assert lock.fields["protocol"] == "console"

    def test_of_sessions_that_are_no_persons_are_none(
        self, logind: FakeLogind, watch: Watch
    ) -> None:
        logind.open("1", Person(117, "gdm"), NOON, class_="greeter")
        logind.open("2", ADA, NOON, class_="background")
        watch.hear(2)

        watch.read()

        assert watch.kinds == []

    def test_name_an_account_of_the_system_by_the_limit_of_the_machine(
        self, logind: FakeLogind, watch: Watch
    ) -> None:
        (watch.root / "etc/login.defs").write_text("# UID_MIN 1\nUID_MIN\t\t 5000\n")
        logind.open("1", ADA, NOON, type_="tty")
        watch.hear(1)

        watch.read()

        (login,) = watch.told.values()
        assert login.user == {"name": "adas-laptop\\ada", "type": "system"}

    def test_of_a_session_whose_processes_go_on(self, logind: FakeLogind, watch: Watch) -> None:
        logind.open("1", ADA, NOON, type_="tty")
        watch.hear(1)
        watch.read()
        logind.objects[logind.path("1")]["State"] = ("s", "closing")

        watch.read()
        watch.read()

        assert watch.kinds == ["session.logins", "session.logouts"]

    def test_do_not_believe_others(self, logind: FakeLogind, watch: Watch, bus: PrivateBus) -> None:
        logind.open("1", ADA, NOON, type_="tty")
        watch.hear(1)
        watch.read()
        client = watch.reader._logind._bus._connection
        assert client is not None
        liar = Bus()
        liar.open(bus.address)
        forged = logind_signal(client.unique_name, logind.path("1"))
        assert liar._connection is not None
        liar._connection.send(forged)
        for one in (liar, watch.reader._logind._bus):
            one.owner_of(NAME)  # with its answer what came before has passed

        watch.read()

        assert watch.kinds == ["session.logins"]

    def test_count_sessions_that_were_gone_at_once(self, logind: FakeLogind, watch: Watch) -> None:
        logind.open("1", ADA, NOON)
        logind.end("1")
        watch.hear(2)

        assert Tally("sessions_unread", 1) in watch.read()
        assert watch.kinds == []

    def test_survive_a_reading_that_is_thrown_away(self, logind: FakeLogind, watch: Watch) -> None:
        logind.open("1", ADA, NOON, type_="tty")
        watch.hear(1)
        watch.read()
        logind.hint("1", LockedHint=True)
        logind.end("1")
        watch.hear(2)
        watch.read()
        watch.told.clear()  # as where the configuration changed meanwhile, or the disk was full

        watch.read()
        watch.read()

        assert watch.kinds == ["session.locks", "session.logins", "session.logouts"]

    @pytest.mark.case("collector.9")
    @pytest.mark.parametrize(
        ("value", "told"),
        [("off", []), ("logins", ["session.logins"]), ("all", ["session.logins", "session.locks"])],
    )
    def test_obey_their_switch(
        self, logind: FakeLogind, watch: Watch, value: str, told: list[str]
    ) -> None:
        watch.allowed = configuration(session_events=value)
        logind.open("1", ADA, NOON, type_="tty")
        watch.hear(1)
        watch.read()
        logind.hint("1", LockedHint=True)
        watch.hear(1)

        watch.read()

        assert watch.kinds == told


def logind_signal(destination: str, path: str) -> Any:
    """Return what a stranger sends to one connection to make it believe in a lock."""
    from jeepney import DBusAddress, HeaderFields, new_signal

    message = new_signal(
        DBusAddress(path, None, "org.freedesktop.DBus.Properties"),
        "PropertiesChanged",
        "sa{sv}as",
        (logind_linux.SESSION, {"LockedHint": ("b", True)}, []),
    )
    message.header.fields[HeaderFields.destination] = destination
    return message


class TestLoss:
    @pytest.mark.case("collector.11")
    def test_of_the_bus_tells_no_login_twice(
        self, logind: FakeLogind, watch: Watch, bus: PrivateBus
    ) -> None:
        logind.add("1", ADA, NOON, type_="tty")
        logind.add("2", ADA, NOON, type_="tty")
        watch.reader.rest()
        watch.read()
        bus.stop()
        wait_for(lambda: not watch.reader._logind._bus.is_open)
        with pytest.raises(ProbeError):
            watch.read()
        bus.start()
        logind.drop("2")
        logind.objects[logind.path("1")]["LockedHint"] = ("b", True)
        logind.start()

        watch.read()
        watch.read()

        assert sorted(watch.kinds) == [
            "session.locks",
            "session.logins",
            "session.logins",
            "session.logouts",
        ]

    def test_of_logind_alone_is_noticed(self, logind: FakeLogind, watch: Watch) -> None:
        logind.stop()
        wait_for(lambda: fails(watch))
        logind.add("1", ADA, NOON, type_="tty")
        logind.start()

        watch.read()

        assert watch.kinds == ["session.logins"]


def fails(watch: Watch) -> bool:
    try:
        watch.read()
    except ProbeError:
        return True
    return False


class TestSamples:
    def test_count_the_time_in_each_state(self, logind: FakeLogind, watch: Watch) -> None:
        logind.add("1", ADA, NOON, type_="tty")
        watch.reader.rest()
        watch.read()
        watch.clock.advance(10)
        logind.hint("1", LockedHint=True)
        watch.hear(1)

        (sample,) = samples(watch.read(20))

        assert sample.counters == {
            "session_duration_ms": 30_000,
            "active_duration_ms": 10_000,
            "locked_duration_ms": 20_000,
            "user_interaction_time_ms": 10_000,
        }
        assert sample.fields == {"session_id": "1.11111111", "session_protocol": "console"}

    def test_count_a_session_once_a_bucket(self, logind: FakeLogind, watch: Watch) -> None:
        logind.add("1", ADA, NOON, type_="tty")
        watch.reader.rest()

        counts = [samples(watch.read())[0].counters.get("number_of_sessions", 0) for _ in range(60)]

        assert sum(counts) == 3  # the bucket of noon, that of 12:15 and that of 12:30

    def test_count_no_sleep(self, logind: FakeLogind, watch: Watch) -> None:
        logind.add("1", ADA, NOON, type_="tty")
        watch.reader.rest()
        watch.read()
        logind.sleep(begins=True)
        watch.hear(1)
        watch.clock.sleep(40)
        logind.sleep(begins=False)
        watch.hear(2)

        (sample,) = samples(watch.read(5))

        assert sample.counters["session_duration_ms"] == 5_000

    def test_count_nothing_over_a_gap(self, logind: FakeLogind, watch: Watch) -> None:
        logind.add("1", ADA, NOON, type_="tty")
        watch.reader.rest()
        watch.read()

        (sample,) = samples(watch.read(3_600))

        assert sample.counters["session_duration_ms"] == 0

    @pytest.mark.case("collector.9")
    def test_read_no_use_where_it_is_off(self, logind: FakeLogind, watch: Watch) -> None:
        watch.allowed = configuration(user_activity="off")
        logind.add("1", ADA, NOON, type_="tty")
        watch.reader.rest()
        watch.read()
        logind.hint("1", IdleHint=True)
        watch.hear(1)

        (sample,) = samples(watch.read())

        assert "user_interaction_time_ms" not in sample.counters
        assert "IdleHint" not in {name for _, name in logind.asked}

    def test_tell_use_by_the_hint(self, logind: FakeLogind, watch: Watch) -> None:
        logind.add("1", ADA, NOON, type_="tty")
        watch.reader.rest()
        watch.read()
        watch.clock.advance(12)
        logind.hint("1", IdleHint=True)
        watch.hear(1)

        (sample,) = samples(watch.read(18))

        assert sample.counters["user_interaction_time_ms"] == 12_000


class TestCompanion:
    def test_relays_the_lock_of_a_desktop_without_hint(
        self, logind: FakeLogind, watch: Watch
    ) -> None:
        logind.open("1", ADA, NOON - timedelta(minutes=5))
        watch.hear(1)
        watch.read()
        watch.companions.tell_lock(ADA.uid, is_locked=True)
        watch.companions.tell_lock(ADA.uid, is_locked=True)
        watch.companions.tell_lock(1001, is_locked=True)
        watch.read()
        watch.companions.leave(ADA.uid)
        watch.read()

        assert watch.kinds == ["session.logins", "session.locks", "session.unlocks"]

    def test_and_hint_are_one_lock(self, logind: FakeLogind, watch: Watch) -> None:
        logind.open("1", ADA, NOON - timedelta(minutes=5))
        watch.hear(1)
        watch.read()
        logind.hint("1", LockedHint=True)
        watch.hear(1)
        watch.companions.tell_lock(ADA.uid, is_locked=True)
        watch.read()
        watch.companions.tell_lock(ADA.uid, is_locked=False)
        logind.hint("1", LockedHint=False)
        watch.hear(1)
        watch.read()

        assert watch.kinds == ["session.logins", "session.locks", "session.unlocks"]

    def test_knows_the_time_until_the_desktop(self, logind: FakeLogind, watch: Watch) -> None:
        at = watch.clock.now()
        logind.open("1", ADA, at)
        watch.hear(1)
        watch.read()
        before = watch.kinds
        watch.companions.tell_desktop(ADA.uid, at + timedelta(seconds=14.2))

        watch.read()

        assert before == []
        (login,) = watch.told.values()
        assert login.occurred_at == at
        assert login.fields["time_until_desktop_is_visible_ms"] == 14_200

    def test_that_is_missing_delays_a_login_by_two_minutes(
        self, logind: FakeLogind, watch: Watch
    ) -> None:
        logind.open("1", ADA, watch.clock.now())
        watch.hear(1)
        watch.read(119)
        before = watch.kinds

        watch.read(2)

        assert (before, watch.kinds) == ([], ["session.logins"])

    def test_knows_the_use_better(self, logind: FakeLogind, watch: Watch) -> None:
        logind.open("1", ADA, NOON - timedelta(minutes=5))
        watch.hear(1)
        watch.companions.tell_idle(ADA.uid, 90)
        watch.read()

        (sample,) = samples(watch.read())

        assert sample.counters["user_interaction_time_ms"] == 0
        assert "IdleHint" not in {name for _, name in logind.asked}


class TestWithoutLogind:
    def test_are_logins_and_logouts_of_utmp(self, tmp_path: Path, clock: FakeClock) -> None:
        watch = Watch(copy_machine("laptop", tmp_path / "root"), clock)
        watch.read()
        whole = (watch.root / "run/utmp").read_bytes()
        people = list(logins_linux.parse_utmp(whole))
        (watch.root / "run/utmp").write_bytes(without(whole, people[0].line))

        outputs = watch.read()

        assert watch.kinds == ["session.logins", "session.logins", "session.logouts"]
        assert Lack("locks.unsupported") in outputs
        assert list(watch.told.values())[-1].occurred_at == clock.now()


def without(utmp: bytes, line: str) -> bytes:
    size = logins_linux.ENTRY.size
    entries = [utmp[start : start + size] for start in range(0, len(utmp), size)]
    return b"".join(entry for entry in entries if line.encode() + b"\0" not in entry)
