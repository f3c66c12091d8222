"""What a scope shows of a row, and what stands in its place."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from apps.core.personal_data import PrivacyLevel, masking
from apps.core.scope import NOTHING, Scope
from apps.devices.models import Boot, Context, Device, Disk
from apps.users.models import User

pytestmark = pytest.mark.usefixtures("fixed_clock")

EVERY_LEVEL = list(PrivacyLevel)


def scope_at(level: int, account_id: int = 1) -> Scope:
    """Return a scope with a privacy level."""
    return Scope(account_id, frozenset(), PrivacyLevel(level), {})


def device(**values: Any) -> Device:
    """Return a device that several people use, unsaved."""
    return Device(**{"id": 5, "name": "paris-laptop", "is_one_user": False} | values)


class TestShow:
    @pytest.mark.parametrize(("level", "is_shown"), [(0, True), (1, True), (2, False), (3, False)])
    def test_hides_the_name_of_a_device_from_level_2_on(self, level: int, is_shown: bool) -> None:
        assert (scope_at(level).show(device(), "name") == "paris-laptop") is is_shown

    @pytest.mark.case("access.30")
    @pytest.mark.parametrize("field", ["name", "hardware_bios_serial_number"])
    def test_hides_a_one_user_device_from_level_1_on(self, field: str) -> None:
        mine = device(is_one_user=True, hardware_bios_serial_number="SN1")

        assert scope_at(0).show(mine, field) == getattr(mine, field)
        assert scope_at(1).show(mine, field).startswith("device-")

    @pytest.mark.case("access.30")
    def test_hides_the_serial_of_what_is_in_a_one_user_device(self) -> None:
        disk = Disk(id=1, device=device(is_one_user=True), serial_number="SN1")

        assert scope_at(1).show(disk, "serial_number") != "SN1"

    @pytest.mark.parametrize("level", [1, 2, 3])
    def test_hides_the_name_of_a_user_from_level_1_on(self, level: int) -> None:
        user = User(id=7, name="ada")

        assert scope_at(0).show(user, "name") == "ada"
        assert scope_at(level).show(user, "name").startswith("user-")

    @pytest.mark.parametrize("level", EVERY_LEVEL)
    def test_shows_technical_facts_at_every_level(self, level: PrivacyLevel) -> None:
        boot = Boot(device=device(), duration_ms=31_500)

        assert scope_at(level).show(boot, "duration_ms") == 31_500

    @pytest.mark.parametrize("level", EVERY_LEVEL)
    def test_never_shows_a_secret(self, level: PrivacyLevel) -> None:
        from apps.accounts.models import Account

        assert scope_at(level).show(Account(id=1, password="hash"), "password") == ""

    def test_empties_what_singles_out(self) -> None:
        context = Context(id=1, location_city="Paris")

        assert scope_at(3).show(context, "location_city") == ""


class TestLabel:
    def test_names_a_row_where_it_may(self) -> None:
        mine = device()

        assert scope_at(0).label(mine) == str(mine)

    def test_gives_a_token_where_it_may_not(self) -> None:
        assert scope_at(2).label(device()) == scope_at(2).show(device(), "name")


class TestToken:
    @pytest.mark.case("access.8")
    def test_differs_for_two_accounts(self) -> None:
        one, other = scope_at(2, account_id=1), scope_at(2, account_id=2)

        assert one.label(device()) != other.label(device())

    @pytest.mark.case("access.8")
    def test_differs_on_two_days(self, now: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
        today = scope_at(2).label(device())

        monkeypatch.setattr("apps.core.clock.now", lambda: now + timedelta(days=1))

        assert scope_at(2).label(device()) != today

    def test_is_one_within_a_day(self, now: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
        today = scope_at(2).label(device())

        monkeypatch.setattr("apps.core.clock.now", lambda: now + timedelta(hours=11))

        assert scope_at(2).label(device()) == today

    def test_is_one_wherever_the_subject_is_met(self) -> None:
        boot = Boot(device=device())
        token = scope_at(2).show(boot, "device")

        assert token == scope_at(2).label(device())

    def test_looks_like_a_name(self) -> None:
        kind, _, letters = masking.token("user", 1, account_id=1).partition("-")

        assert kind == "user"
        assert len(letters) == 6


class TestMayHide:
    @pytest.mark.case("access.30")
    @pytest.mark.parametrize(
        ("level", "path", "is_hidden"),
        [
            (0, "name", False),
            (1, "name", True),  # of some device, the one-user ones
            (2, "name", True),
            (2, "-name", True),
            (2, "name__icontains", True),
            (3, "hardware_memory_bytes", False),
            (3, "id", False),
            (3, "pk", False),
            (3, "entity__name", False),
        ],
    )
    def test_closes_the_ways_round_a_hidden_field(
        self, level: int, path: str, is_hidden: bool
    ) -> None:
        assert scope_at(level).may_hide(Device, path) is is_hidden

    @pytest.mark.parametrize(
        ("path", "is_hidden"),
        [("device__name", True), ("device", True), ("device__id", False), ("type", False)],
    )
    def test_follows_relations(self, path: str, is_hidden: bool) -> None:
        assert scope_at(2).may_hide(Boot, path) is is_hidden


def test_nobody_sees_anything() -> None:
    assert NOTHING.permissions == frozenset()
    assert NOTHING.privacy_level == max(PrivacyLevel)
    assert not NOTHING.is_unrestricted
