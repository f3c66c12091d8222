"""Sessions, put together from logins, changes and samples."""

import random
from datetime import timedelta
from itertools import permutations
from typing import Any

import pytest

from apps.devices.models import Device
from apps.users import services, upkeep
from apps.users.models import Login, Session, User
from tests.conftest import NOW
from tests.factories.collectors import (
    ADA_ROSSI,
    Machine,
    boot,
    configure,
    device_of,
    login,
    make_machine,
)
from tests.factories.sessions import SESSION, TODAY, at, change, sample

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fixed_clock")]

DAY = [
    login(at(8), session_id=SESSION, logon_type="interactive"),
    sample(at(8), protocol="console"),
    change("lock", at(9), reason="idle"),
    change("unlock", at(10), protocol="console"),
    change("disconnect", at(10, 30)),
    change("connect", at(10, 45), protocol="rdp", client_name="tablet", client_ip="10.1.2.3"),
    sample(at(10, 45), protocol="rdp", locked_duration_ms=900_000),
    change("logout", at(11), reason="user"),
]
FACTS = (
    "user_id",
    "session_id",
    "start_time_at",
    "is_start_told",
    "end_time_at",
    "is_end_told",
    "told_state",
    "state",
    "protocol",
    "is_remote",
    "client_name",
    "client_ip",
    "seen_at",
)


def told(*records: dict[str, Any], machine: Machine | None = None) -> Session:
    """Return the one session of a machine that sent these records, each in a batch."""
    machine = machine or make_machine()
    for record in records:
        assert machine.send(record, users=ADA_ROSSI).json()["refused"] == []
    return Session.objects.get(device=device_of(machine))


def facts(session: Session) -> tuple[Any, ...]:
    """Return what is known of a session."""
    return tuple(getattr(session, name) for name in FACTS)


class TestSession:
    def test_lasts_from_login_to_logout(self) -> None:
        session = told(*DAY)

        assert session.start_time_at == TODAY + timedelta(hours=8)
        assert session.end_time_at == TODAY + timedelta(hours=11)
        assert session.user == User.objects.get()
        assert session.state == "closed"
        assert (session.protocol, session.is_remote) == ("rdp", True)
        assert (session.client_name, session.client_ip) == ("tablet", "10.1.2.3")

    @pytest.mark.parametrize("seed", range(6))
    def test_is_the_same_in_any_order_with_repeats(self, seed: int) -> None:
        records = [*DAY, *DAY]
        random.Random(seed).shuffle(records)

        assert facts(told(*records)) == facts(told(*DAY))

    @pytest.mark.parametrize("order", list(permutations(range(3))))
    def test_is_the_same_whatever_comes_first(self, order: tuple[int, ...]) -> None:
        few = [DAY[0], DAY[5], DAY[7]]

        assert facts(told(*(few[n] for n in order))) == facts(told(*few))

    def test_is_the_same_in_one_batch(self) -> None:
        machine = make_machine()
        machine.send(*DAY, users=ADA_ROSSI)

        assert facts(Session.objects.get()) == facts(told(*DAY))

    @pytest.mark.parametrize(
        ("records", "state"),
        [
            ([login(at(8), session_id=SESSION)], "active"),
            ([change("lock", at(9))], "locked"),
            ([change("lock", at(9)), change("unlock", at(10))], "active"),
            ([change("unlock", at(10)), change("lock", at(9))], "active"),
            ([change("disconnect", at(9))], "disconnected"),
            ([change("disconnect", at(9)), change("connect", at(9, 1))], "active"),
            ([sample(at(9), locked_duration_ms=900_000)], "locked"),
            ([sample(at(9), disconnected_duration_ms=500_000)], "disconnected"),
            ([sample(at(9), active_duration_ms=500_000, locked_duration_ms=400_000)], "active"),
            ([change("lock", at(9, 5)), sample(at(9))], "locked"),
            ([change("logout", at(9)), change("lock", at(9, 1))], "closed"),
        ],
    )
    def test_has_the_newest_state(self, records: list[dict[str, Any]], state: str) -> None:
        assert told(*records).state == state

    def test_seen_only_in_samples_begins_with_the_first(self) -> None:
        session = told(sample(at(9)), sample(at(8, 45)))

        assert session.start_time_at == TODAY + timedelta(hours=8, minutes=45)
        assert session.end_time_at is None
        assert session.seen_at == TODAY + timedelta(hours=9, minutes=15)
        assert (session.protocol, session.is_remote) == (None, None)

    @pytest.mark.parametrize(
        ("logon_type", "protocol", "is_remote"),
        [("interactive", "console", False), ("remote", "other", True), ("unlock", None, None)],
    )
    def test_is_remote_as_its_login_says(
        self, logon_type: str, protocol: str | None, is_remote: bool | None
    ) -> None:
        session = told(login(at(8), session_id=SESSION, logon_type=logon_type))

        assert (session.protocol, session.is_remote) == (protocol, is_remote)

    def test_believes_a_protocol_more_than_a_login(self) -> None:
        remote = login(at(9), session_id=SESSION, logon_type="remote")

        assert told(sample(at(8), protocol="ssh"), remote).protocol == "ssh"

    def test_of_two_users_are_two(self) -> None:
        """A name that becomes hashed in mid-session does not lead back to the clear one."""
        machine = make_machine()
        machine.send(sample(at(8)), users=ADA_ROSSI)

        machine.send(sample(at(9)), users={"1": {"name": "h:" + "2" * 32, "type": "domain_user"}})

        assert Session.objects.values("user").distinct().count() == 2

    def test_without_a_user_is_one_too(self) -> None:
        session = told(sample(at(8), user=None), sample(at(9), user=None))

        assert session.user is None

    def test_without_an_id_is_none(self) -> None:
        machine = make_machine()

        machine.send(login(), sample(at(8), session_id=""), users=ADA_ROSSI)

        assert not Session.objects.exists()

    def test_keeps_no_service(self) -> None:
        machine = make_machine()

        machine.send(login(session_id=SESSION, logon_type="service"), users=ADA_ROSSI)

        assert not Session.objects.exists()
        assert Login.objects.count() == 1


class TestSilence:
    def test_ends_a_session_at_its_last_sign(self) -> None:
        session = told(sample("2026-03-01T11:00:00Z"))

        upkeep.close_silent_sessions(now=NOW)

        session.refresh_from_db()
        assert (session.state, session.is_end_told) == ("closed", False)
        assert session.end_time_at == NOW - timedelta(hours=24, minutes=45)

    def test_of_less_than_a_day_ends_nothing(self) -> None:
        session = told(sample("2026-03-01T12:00:00Z"))

        upkeep.close_silent_sessions(now=NOW)

        session.refresh_from_db()
        assert session.end_time_at is None

    def test_ends_what_was_open_before_the_device_started_anew(self) -> None:
        machine = make_machine()
        session = told(sample(at(8)), machine=machine)
        machine.send(boot(at(9), type="full_boot"))

        upkeep.close_silent_sessions(now=NOW)

        session.refresh_from_db()
        assert session.state == "closed"

    def test_is_forgotten_when_the_session_is_heard_again(self) -> None:
        machine = make_machine()
        session = told(sample("2026-03-01T11:00:00Z"), machine=machine)
        upkeep.close_silent_sessions(now=NOW)

        told(sample(at(9)), machine=machine)

        session.refresh_from_db()
        assert (session.state, session.end_time_at) == ("active", None)

    def test_gives_way_to_a_logout_that_comes_late(self) -> None:
        machine = make_machine()
        session = told(sample("2026-03-01T11:00:00Z"), machine=machine)
        upkeep.close_silent_sessions(now=NOW)

        told(change("logout", "2026-03-01T11:05:00Z"), machine=machine)

        session.refresh_from_db()
        assert session.end_time_at == NOW - timedelta(hours=24, minutes=55)
        assert session.is_end_told


class TestRetention:
    def test_counts_from_the_end(self) -> None:
        session = told(*DAY)
        end = session.end_time_at
        assert end is not None

        assert not Session.objects.ended_before(end).exists()
        assert Session.objects.ended_before(end + timedelta(seconds=1)).get() == session

    def test_leaves_open_sessions(self) -> None:
        told(sample(at(8)))

        assert not Session.objects.ended_before(NOW + timedelta(days=400)).exists()
        assert Session.objects.open().count() == 1

    def test_goes_with_the_device(self) -> None:
        told(*DAY)

        Device.objects.get().delete()

        assert not Session.objects.exists()


class TestLastLogin:
    @pytest.mark.parametrize("hours", [(8, 9), (9, 8)])
    def test_is_what_the_device_remembers(self, hours: tuple[float, float]) -> None:
        machine = make_machine()

        [machine.send(login(at(hour)), users=ADA_ROSSI) for hour in hours]

        device = device_of(machine)
        assert device.login_last_login_user_name == "a.rossi@CORP"
        assert device.login_last_login_time_at == TODAY + timedelta(hours=9)

    def test_is_nobodys_where_names_are_not_kept(self) -> None:
        configure(username="none")
        machine = make_machine()

        machine.send(login(at(9)), users=ADA_ROSSI)

        device = device_of(machine)
        assert (device.login_last_login_user_name, device.login_last_login_time_at) == ("", None)

    def test_is_no_service(self) -> None:
        machine = make_machine()

        machine.send(login(at(9), logon_type="service"), users=ADA_ROSSI)

        assert device_of(machine).login_last_login_user_name == ""

    def test_is_forgotten_with_its_user(self) -> None:
        machine = make_machine()
        machine.send(login(at(9)), users=ADA_ROSSI)

        users = [User.objects.get().pk]
        devices = services.lock_last_logins(user_ids=users)
        assert services.forget_logins(user_ids=users, device_ids=devices) == 1

        assert device_of(machine).login_last_login_user_name == ""


class TestFirstLogin:
    def first(self) -> list[str]:
        """Return the hours of first logins."""
        rows = Login.objects.filter(is_first_login=True).order_by("occurred_at", "id")
        return [f"{row.occurred_at:%H}" for row in rows]

    def test_is_the_first_of_a_user_on_a_device(self) -> None:
        machine = make_machine()

        machine.send(login(at(8)), login(at(9)), users=ADA_ROSSI)
        machine.send(login(at(10)), users=ADA_ROSSI)

        assert self.first() == ["08"]

    def test_is_another_on_another_device(self) -> None:
        for hour in (8, 9):
            make_machine().send(login(at(hour)), users=ADA_ROSSI)

        assert self.first() == ["08", "09"]

    def test_moves_when_an_earlier_one_comes_late(self) -> None:
        machine = make_machine()
        machine.send(login(at(9)), users=ADA_ROSSI)

        machine.send(login(at(8)), users=ADA_ROSSI)

        assert self.first() == ["08"]

    def test_is_one_of_two_at_the_same_time(self) -> None:
        machine = make_machine()
        machine.send(login(at(9)), login(at(9)), users=ADA_ROSSI)

        machine.send(login(at(9)), users=ADA_ROSSI)

        assert self.first() == ["09"]

    def test_is_nobodys_without_a_user(self) -> None:
        configure(username="none")

        make_machine().send(login(at(9)), users=ADA_ROSSI)

        assert self.first() == []
        assert Login.objects.count() == 1


class TestForgedBatch:
    def test_reads_no_more_back_than_what_it_brings(self) -> None:
        machine = make_machine()
        told(change("lock", at(9), session_id="between"), machine=machine)
        Session.objects.all().delete()

        machine.send(change("lock", at(8)), change("lock", at(10)), users=ADA_ROSSI)
        machine.send(sample(at(8)), sample(at(10)), login(at(8)), login(at(10)), users=ADA_ROSSI)

        assert not Session.objects.filter(session_id="between").exists()
