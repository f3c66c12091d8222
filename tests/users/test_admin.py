"""Pages of users and their logins."""

from typing import Any

import pytest
from django.test import Client

from apps.accounts.models import Profile
from apps.audit.choices import AuditCode
from apps.audit.models import InboxEvent
from apps.core.admin import address_of
from apps.devices.models import Device
from apps.organization.models import Entity
from apps.users.models import Login, User
from tests.factories.collectors import ADA_ROSSI, device_of, login, make_machine

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fixed_clock")]

USERS = "/admin/users/user/"
LOGINS = "/admin/users/login/"
OTHER = {"1": {"name": "CORP\\l.dupont", "type": "domain_user"}}


@pytest.fixture
def device(paris: Entity) -> Device:
    """Return a device of Paris on which A. Rossi logged in."""
    machine = make_machine(paris)
    record = login(logon_type="interactive", time_until_desktop_is_ready_ms=8_200)
    machine.send(record, users=ADA_ROSSI)
    return device_of(machine)


@pytest.fixture
def hidden(lyon: Entity) -> User:
    """Return a user seen in Lyon alone."""
    make_machine(lyon, host_name="lyon-laptop").send(login(), users=OTHER)
    return User.objects.get(name="l.dupont@CORP")


class TestUserPages:
    @pytest.mark.parametrize("url", [USERS, LOGINS])
    def test_are_closed_to_cleo(self, cleo_client: Client, url: str) -> None:
        assert cleo_client.get(url).status_code == 403

    @pytest.mark.parametrize("url", [USERS, LOGINS])
    def test_ask_a_fixed_number_of_questions(
        self,
        ada_client: Client,
        device: Device,
        hidden: User,
        django_assert_max_num_queries: Any,
        url: str,
    ) -> None:
        with django_assert_max_num_queries(10):
            assert "a.rossi@CORP" in ada_client.get(url).content.decode()

    @pytest.mark.parametrize("url", [USERS, LOGINS])
    def test_list_nobody_of_another_entity(
        self, ben_client: Client, device: Device, hidden: User, url: str
    ) -> None:
        page = ben_client.get(url).content.decode()

        assert "a.rossi@CORP" in page
        assert hidden.name not in page

    def test_show_devices_and_logins(self, ada_client: Client, device: Device) -> None:
        user = User.objects.get()

        page = ada_client.get(f"{USERS}{user.pk}/change/").content.decode()

        assert "ada-laptop" in page
        assert "8.2 s" in page
        assert "clear" in page

    def test_record_who_looked_at_whom(self, ada_client: Client, device: Device) -> None:
        user = User.objects.get()

        ada_client.get(f"{USERS}{user.pk}/change/")

        event = InboxEvent.objects.get(code=AuditCode.USER_OPENED)
        assert event.subjects == [["device", str(device.pk)], ["user", str(user.pk)]]

    def test_record_whom_else_the_page_of_a_device_showed(
        self, ada_client: Client, device: Device
    ) -> None:
        ada_client.get(f"/admin/devices/device/{device.pk}/change/")

        event = InboxEvent.objects.get(code=AuditCode.DEVICE_OPENED)
        assert event.subjects == [
            ["device", str(device.pk)],
            ["user", str(User.objects.get().pk)],
        ]

    def test_are_not_there_for_ben_in_lyon(self, ben_client: Client, hidden: User) -> None:
        assert ben_client.get(f"{USERS}{hidden.pk}/change/").status_code == 404
        assert not InboxEvent.objects.filter(code=AuditCode.USER_OPENED).exists()

    def test_show_one_login(self, ada_client: Client, device: Device) -> None:
        address = address_of(Login.objects.get())

        page = ada_client.get(f"{LOGINS}{address}/change/").content.decode()

        assert "8.2 s" in page

    def test_are_parts_of_the_device(self, ada_client: Client, device: Device) -> None:
        page = ada_client.get(f"/admin/devices/device/{device.pk}/change/").content.decode()

        assert "a.rossi@CORP" in page
        assert "Logins of the last 30 days" in page

    def test_name_nobody_where_the_profile_hides_it(
        self, ben_client: Client, device: Device
    ) -> None:
        Profile.objects.update(privacy_level=1)
        user = User.objects.get()
        urls = [
            USERS,
            LOGINS,
            f"{USERS}{user.pk}/change/",
            f"/admin/devices/device/{device.pk}/change/",
            f"{LOGINS}{address_of(Login.objects.get())}/change/",
        ]

        pages = "".join(ben_client.get(url).content.decode() for url in urls)

        assert "rossi" not in pages
        assert "ada-laptop" not in pages
        assert "user-" in pages

    def test_search_no_hidden_name(self, ben_client: Client, device: Device) -> None:
        Profile.objects.update(privacy_level=1)

        assert 'name="q"' not in ben_client.get(USERS).content.decode()
