"""Whose device each is, by the session time of its last days."""

from datetime import datetime, timedelta

import pytest

from apps.devices.models import Device
from apps.events import ids, rollups
from apps.events.models import UpkeepRun
from apps.users import tasks, upkeep
from apps.users.models import SessionDaily, User, UserDevice
from tests.conftest import NOW
from tests.factories.collectors import device_of, make_machine

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fixed_clock")]

HOUR = 3_600_000  # ms


@pytest.fixture
def device() -> Device:
    """Return a device."""
    return device_of(make_machine())


def user(name: str, type_: str = "domain_user") -> User:
    """Return a user."""
    found, _made = User.objects.get_or_create(
        identity=name,
        defaults={"name": name, "type": type_, "first_seen_at": NOW, "last_seen_at": NOW},
    )
    return found


def use(device: Device, who: User | None, hours: float, days_ago: int = 1) -> None:
    """Have somebody logged in for so many hours of a day."""
    day = rollups.day_of(NOW) - timedelta(days=days_ago)
    SessionDaily.objects.create(
        id=ids.draw(1)[0],
        bucket=rollups.day_start(day),
        device=device,
        context_id=device.context_id,
        user=who,
        session_duration_ms_sum=int(hours * HOUR),
    )


def is_one_user(device: Device) -> bool:
    """Return whether one person uses a device, after the nightly run."""
    upkeep.refresh_use(now=NOW)
    device.refresh_from_db()
    return device.is_one_user


class TestOneUser:
    def test_is_what_nobody_used(self, device: Device) -> None:
        assert is_one_user(device)

    @pytest.mark.parametrize(
        ("second", "expected"), [(0, True), (0.99, True), (1, False), (5, False)]
    )
    def test_is_what_no_second_person_used_for_a_tenth_of_the_time(
        self, device: Device, second: float, expected: bool
    ) -> None:
        use(device, user("ada"), 10 - second)
        use(device, user("ben"), second)

        assert is_one_user(device) is expected

    def test_counts_many_who_come_for_a_moment_as_nobody(self, device: Device) -> None:
        use(device, user("ada"), 10)
        use(device, user("guest 1"), 0.9)
        use(device, user("guest 2"), 0.9)

        assert is_one_user(device)

    def test_leaves_out_system_accounts(self, device: Device) -> None:
        use(device, user("ada"), 5)
        use(device, user("root", "system"), 24)

        assert is_one_user(device)

    def test_leaves_out_rows_without_a_user(self, device: Device) -> None:
        use(device, user("ada"), 5)
        use(device, None, 20)

        assert is_one_user(device)

    def test_changes_back(self, device: Device) -> None:
        Device.objects.update(is_one_user=False)
        use(device, user("ada"), 5)

        assert is_one_user(device)

    def test_takes_each_device_by_itself(self, device: Device) -> None:
        other = device_of(make_machine(install_id="1" * 32))
        use(device, user("ada"), 5)
        use(other, user("ada"), 5)
        use(other, user("ben"), 5)

        assert is_one_user(device)
        assert not is_one_user(other)

    def test_can_be_asked_for_one_device(self, device: Device) -> None:
        use(device, user("ada"), 5)
        use(device, user("ben"), 5)

        assert upkeep.refresh_one_user([device.pk]) == 1
        assert upkeep.refresh_one_user([device.pk]) == 0


class TestDaysOfUse:
    def test_are_thirty(self, device: Device, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(upkeep, "DAYS_OF_USE", 2)
        use(device, user("ada"), 5, days_ago=0)
        use(device, user("ada"), 5, days_ago=1)
        use(device, user("ben"), 5, days_ago=3)

        assert is_one_user(device)

    def test_are_those_with_sessions(self, device: Device, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(upkeep, "DAYS_OF_USE", 2)
        use(device, user("ada"), 5, days_ago=0)
        use(device, user("ben"), 5, days_ago=3)

        assert not is_one_user(device)


class TestTasks:
    def test_refresh_rights_that_were_left_behind(self, device: Device) -> None:
        ada = user("ada")
        UserDevice.objects.create(
            device=device, user=ada, rights="administrator", first_used_at=NOW, last_used_at=NOW
        )

        tasks.refresh_use()

        ada.refresh_from_db()
        assert ada.rights == "administrator"
        assert UpkeepRun.objects.get().counts == {"devices_changed": 0, "users_changed": 1}

    def test_note_what_they_did(self, fixed_clock: datetime) -> None:
        tasks.close_silent_sessions()

        run = UpkeepRun.objects.get()
        assert (run.task, run.counts) == (upkeep.CLOSE_SESSIONS, {"sessions_closed": 0})
