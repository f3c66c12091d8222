"""Who logged in last, as the device remembers it."""

from typing import Any

import pytest

from apps.devices.models import Device
from tests.conftest import NOW
from tests.factories.collectors import ADA_ROSSI, Machine, configure, login, make_machine

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fixed_clock")]

HASHED = {"1": {"name": "h:" + "5" * 32, "type": "domain_user"}}


@pytest.fixture
def machine(db: None, fixed_clock: Any) -> Machine:
    """Return an enrolled machine."""
    return make_machine()


class TestLastLogin:
    def test_is_the_newest_one(self, machine: Machine) -> None:
        machine.send(login("2026-03-02T09:00:00Z"), users=ADA_ROSSI)
        machine.send(login("2026-03-02T08:00:00Z"), users=ADA_ROSSI)

        device = Device.objects.get()
        assert device.login_last_login_user_name == "a.rossi@CORP"
        assert device.login_last_login_time_at == NOW.replace(hour=9)

    def test_of_an_unknown_kind_counts(self, machine: Machine) -> None:
        machine.send(login("2026-03-02T09:00:00Z", logon_type=None), users=ADA_ROSSI)

        assert Device.objects.get().login_last_login_time_at == NOW.replace(hour=9)

    @pytest.mark.case("data-model.5")
    @pytest.mark.parametrize("switches", [{"username": "none"}, {"session_events": "off"}])
    def test_is_unknown_where_it_may_not_be_known(
        self, machine: Machine, switches: dict[str, Any]
    ) -> None:
        configure(**switches)

        machine.send(login("2026-03-02T09:00:00Z"), users=ADA_ROSSI)

        assert Device.objects.get().login_last_login_user_name == ""

    @pytest.mark.case("data-model.5")
    def test_is_a_pseudonym_where_names_are_hashed(self, machine: Machine) -> None:
        configure(username="hashed")

        machine.send(login("2026-03-02T09:00:00Z"), users=HASHED)

        assert Device.objects.get().login_last_login_user_name.startswith("u1_")
