"""Pages of users and their logins."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from apps.accounts.models import Profile
from apps.audit.choices import AuditCode
from apps.audit.models import InboxEvent
from apps.core.admin import address_of
from apps.devices.models import Device
from apps.events import rollups
from apps.organization.models import Entity
from apps.users.choices import Rights
from apps.users.models import Login, Session, SessionChange, SessionSample, User, UserDevice
from tests.conftest import NOW
from tests.factories.collectors import ADA_ROSSI, configure, device_of, login, make_machine
from tests.factories.inventory import part
from tests.factories.sessions import ACCOUNT, SESSION, at, change, sample

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fixed_clock")]

USERS = "/admin/users/user/"
LOGINS = "/admin/users/login/"
SESSIONS = "/admin/users/session/"
CHANGES = "/admin/users/sessionchange/"
SAMPLES = "/admin/users/sessionsample/"
LISTS = [USERS, LOGINS, SESSIONS, CHANGES, SAMPLES]
OTHER = {"1": {"name": "CORP\\l.dupont", "type": "domain_user"}}


@pytest.fixture
def device(paris: Entity) -> Device:
    """Return a device of Paris on which A. Rossi logged in."""
    configure(upn="clear", user_groups="all")
    machine = make_machine(paris)
    machine.send(
        login(
            at(8),
            session_id=SESSION,
            logon_type="interactive",
            time_until_desktop_is_ready_ms=8_200,
            group_policy_duration_ms=2_100,
        ),
        change("lock", at(9), reason="idle"),
        change("connect", at(10), client_name="adas-tablet", client_ip="10.1.2.3"),
        sample(
            at(10),
            protocol="rdp",
            user_interaction_time_ms=300_000,
            active_duration_ms=900_000,
        ),
        sample("2026-03-01T09:00:00Z", user_interaction_time_ms=600_000),
        users=ADA_ROSSI,
        inventory=[part("users", [ACCOUNT])],
    )
    rollups.roll_up_dirty()
    return device_of(machine)


@pytest.fixture
def hidden(lyon: Entity) -> User:
    """Return a user seen in Lyon alone."""
    make_machine(lyon, host_name="lyon-laptop").send(
        login(session_id=SESSION), change("lock", at(9)), sample(at(9)), users=OTHER
    )
    return User.objects.get(name="l.dupont@CORP")


def use_of_long_ago(lyon: Entity) -> None:
    """Let A. Rossi have used Paris 40 days ago without rights, and Lyon today as administrator."""
    UserDevice.objects.update(
        rights="standard",
        first_used_at=NOW - timedelta(days=40),
        last_used_at=NOW - timedelta(days=40),
    )
    elsewhere = make_machine(lyon, host_name="lyon-laptop", install_id="1" * 32)
    elsewhere.send(inventory=[part("users", [ACCOUNT])])


class TestUserPages:
    @pytest.mark.parametrize("url", LISTS)
    def test_are_closed_to_cleo(self, cleo_client: Client, url: str) -> None:
        assert cleo_client.get(url).status_code == 403

    @pytest.mark.parametrize("url", LISTS)
    def test_ask_a_fixed_number_of_questions(
        self,
        ada_client: Client,
        device: Device,
        hidden: User,
        django_assert_max_num_queries: Any,
        url: str,
    ) -> None:
        with django_assert_max_num_queries(12):
            page = ada_client.get(url).content.decode()

        assert "a.rossi@CORP" in page
        assert "l.dupont@CORP" in page

    @pytest.mark.parametrize("url", LISTS)
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
        Profile.objects.update(privacy_level=3)
        user, session = User.objects.get(), Session.objects.get()
        urls = [
            *LISTS,
            f"{USERS}{user.pk}/change/",
            f"{SESSIONS}{session.pk}/change/",
            f"/admin/devices/device/{device.pk}/change/",
            f"{LOGINS}{address_of(Login.objects.get())}/change/",
            *(f"{CHANGES}{address_of(row)}/change/" for row in SessionChange.objects.all()),
            *(f"{SAMPLES}{address_of(row)}/change/" for row in SessionSample.objects.all()),
        ]

        pages = "".join(ben_client.get(url).content.decode() for url in urls)

        secrets = ["rossi", "ada-laptop", "adas-tablet", "10.1.2.3", "Payroll", "S-1-5-21", "4f1c"]
        assert [word for word in secrets if word in pages] == []
        assert "user-" in pages

    def test_offer_no_filter_by_what_is_hidden(self, ada_client: Client, device: Device) -> None:
        assert "?rights__exact=administrator" in ada_client.get(USERS).content.decode()
        Profile.objects.update(privacy_level=1)

        assert "rights__exact" not in ada_client.get(USERS).content.decode()
        assert ada_client.get(USERS, {"rights__exact": "administrator"}).status_code in (302, 400)

    @pytest.mark.parametrize(
        "lookup", ["rights__exact", "last_seen_at__gte", "first_seen_at__lt", "groups__contains"]
    )
    def test_offer_no_filter_by_what_other_devices_tell(
        self, ben_client: Client, device: Device, lookup: str
    ) -> None:
        page = ben_client.get(USERS).content.decode()

        assert "rights__exact" not in page
        assert ben_client.get(USERS, {lookup: "2026-01-01"}).status_code in (302, 400)

    def test_list_what_the_devices_of_the_view_domain_tell(
        self,
        ada_client: Client,
        ben_client: Client,
        device: Device,
        lyon: Entity,
        django_assert_max_num_queries: Any,
    ) -> None:
        use_of_long_ago(lyon)

        with django_assert_max_num_queries(22):
            pages = [
                client.get(USERS).content.decode().split("<tbody")[1].split("</table>")[0]
                for client in (ada_client, ben_client)
            ]

        administrator = str(Rights.ADMINISTRATOR.label)
        assert [[s in page for s in (administrator, "40 days ago")] for page in pages] == [
            [True, False],
            [False, True],
        ]

    @pytest.mark.parametrize(("seen", "is_there"), [("30d", False), ("silent", True)])
    def test_filter_by_the_times_of_the_view_domain(
        self, ben_client: Client, device: Device, lyon: Entity, seen: str, is_there: bool
    ) -> None:
        use_of_long_ago(lyon)

        page = ben_client.get(USERS, {"seen": seen}).content.decode()

        assert ("a.rossi@CORP" in page) is is_there

    @pytest.mark.parametrize("order", ["2", "-3", "5", "-6"])
    def test_sort_by_nothing_that_other_devices_tell(
        self, ben_client: Client, device: Device, order: str
    ) -> None:
        with CaptureQueriesContext(connection) as queries:
            ben_client.get(USERS, {"o": order})

        ordered = [q["sql"] for q in queries if 'FROM "users_user"' in q["sql"]]
        orders = [sql.split("ORDER BY")[-1] for sql in ordered if "ORDER BY" in sql]
        assert orders
        assert [o for o in orders if "rights" in o or "seen_at" in o] == []

    def test_search_no_hidden_name(self, ben_client: Client, device: Device) -> None:
        Profile.objects.update(privacy_level=1)

        assert 'name="q"' not in ben_client.get(USERS).content.decode()

    @pytest.mark.parametrize("text", ["rossi", "corp.example", "S-1-5-21"])
    def test_search_names_of_the_view_domain(
        self, ben_client: Client, device: Device, hidden: User, text: str
    ) -> None:
        assert "a.rossi@CORP" in ben_client.get(USERS, {"q": text}).content.decode()
        assert "l.dupont" not in ben_client.get(USERS, {"q": "dupont"}).content.decode()

    @pytest.mark.parametrize(
        ("query", "is_there"),
        [
            ({"seen": "24h"}, True),
            ({"seen": "30d"}, True),
            ({"seen": "silent"}, False),
            ({"type__exact": "domain_user"}, True),
            ({"type__exact": "system"}, False),
            ({"rights__exact": "administrator"}, True),
            ({"rights__exact": "standard"}, False),
            ({"name_privacy_level__exact": "hashed"}, False),
        ],
    )
    def test_list_what_a_filter_keeps(
        self, ada_client: Client, device: Device, query: dict[str, str], is_there: bool
    ) -> None:
        assert ("a.rossi@CORP" in ada_client.get(USERS, query).content.decode()) is is_there


class TestUserPage:
    @pytest.fixture
    def page(self, ada_client: Client, device: Device) -> str:
        """Return the page of A. Rossi as Ada sees it."""
        return ada_client.get(f"{USERS}{User.objects.get().pk}/change/").content.decode()

    def test_shows_rights_and_groups(self, page: str) -> None:
        assert "Administrator" in page or "administrator" in page
        assert "CORP\\Payroll" in page
        assert "a.rossi@corp.example" in page

    def test_draws_sessions_on_days(self, page: str) -> None:
        assert 'class="dex-day-open" style="left: 33.33%; width: 16.67%"' in page

    def test_draws_logins_and_says_the_same_as_a_table(self, page: str) -> None:
        assert "Until desktop is ready (s)" in page
        assert "[8.2]" in page
        assert "8.2 s" in page

    @pytest.mark.case("data-model.3")
    def test_draws_activity_by_day(self, page: str) -> None:
        """Yesterday comes from its daily row, today from its samples."""
        assert "Interaction (h)" in page
        assert ", 0.17, 0.08]" in page
        assert "10 min 0 s" in page

    def test_asks_a_fixed_number_of_questions(
        self, ada_client: Client, device: Device, django_assert_max_num_queries: Any
    ) -> None:
        with django_assert_max_num_queries(14):
            ada_client.get(f"{USERS}{User.objects.get().pk}/change/")

    def test_leaves_out_what_happened_elsewhere(
        self, ben_client: Client, device: Device, lyon: Entity
    ) -> None:
        elsewhere = make_machine(lyon, host_name="lyon-laptop", install_id="1" * 32)
        elsewhere.send(
            login(at(11), time_until_desktop_is_ready_ms=77_000),
            sample(at(11), session_id="x", user_interaction_time_ms=900_000),
            users=ADA_ROSSI,
        )

        page = ben_client.get(f"{USERS}{User.objects.get().pk}/change/").content.decode()

        assert "lyon-laptop" not in page
        assert "1 min 17 s" not in page
        assert ", 0.17, 0.08]" in page

    def test_leaves_out_what_is_held_elsewhere(
        self, ada_client: Client, ben_client: Client, device: Device, lyon: Entity
    ) -> None:
        last = NOW - timedelta(days=5)
        UserDevice.objects.update(rights="standard", groups=["Paris desk"], last_used_at=last)
        told = part("users", [{**ACCOUNT, "groups": ["Lyon lab"]}])
        make_machine(lyon, host_name="lyon-laptop", install_id="1" * 32).send(inventory=[told])
        signs = ["Lyon lab", str(Rights.ADMINISTRATOR.label), "5 days ago", "Paris desk"]

        pages = [
            client.get(f"{USERS}{User.objects.get().pk}/change/").content.decode()
            for client in (ada_client, ben_client)
        ]

        # On the page of all devices the use of this one stands in its own line.
        assert [page.count(signs[2]) for page in pages] == [1, 2]
        assert [[s in page for s in (signs[0], signs[1], signs[3])] for page in pages] == [
            [True, True, True],
            [False, False, True],
        ]

    def test_shows_only_what_the_profile_may_view(self, ben_client: Client, device: Device) -> None:
        from django.contrib.auth.models import Permission

        Permission.objects.filter(codename__in=["view_session", "view_sessionsample"]).delete()

        page = ben_client.get(f"{USERS}{User.objects.get().pk}/change/").content.decode()

        assert "dex-timeline" not in page
        assert "Activity by day" not in page
        assert "Logins of the last 30 days" in page


class TestSessionPages:
    def test_show_one_session_and_what_happened_in_it(
        self, ada_client: Client, device: Device
    ) -> None:
        session = Session.objects.get()

        page = ada_client.get(f"{SESSIONS}{session.pk}/change/").content.decode()

        assert "told by a login" in page
        assert "adas-tablet" in page
        assert "10.1.2.3" in page
        assert page.index("connect") < page.index("idle")

    def test_record_who_looked_at_whom(self, ada_client: Client, device: Device) -> None:
        session = Session.objects.get()

        ada_client.get(f"{SESSIONS}{session.pk}/change/")

        event = InboxEvent.objects.get(code=AuditCode.USER_OPENED)
        assert event.object_id == str(session.pk)
        assert ["user", str(session.user_id)] in event.subjects

    def test_are_not_there_for_ben_in_lyon(self, ben_client: Client, hidden: User) -> None:
        session = Session.objects.get(user=hidden)

        assert ben_client.get(f"{SESSIONS}{session.pk}/change/").status_code == 404

    @pytest.mark.parametrize(
        ("query", "is_there"),
        [
            ({"state": "active"}, True),
            ({"state": "closed"}, False),
            ({"protocol__exact": "rdp"}, True),
        ],
    )
    def test_list_what_a_filter_keeps(
        self, ada_client: Client, device: Device, query: dict[str, str], is_there: bool
    ) -> None:
        assert ("a.rossi@CORP" in ada_client.get(SESSIONS, query).content.decode()) is is_there

    def test_list_the_sessions_of_a_device(self, ada_client: Client, device: Device) -> None:
        page = ada_client.get(f"/admin/devices/device/{device.pk}/change/").content.decode()

        address = f"{SESSIONS}?device__id__exact={device.pk}"
        assert address in page
        assert "a.rossi@CORP" in ada_client.get(address).content.decode()

    def test_list_changes_of_one_kind(self, ada_client: Client, device: Device) -> None:
        page = ada_client.get(CHANGES, {"change__exact": "connect"}).content.decode()

        assert address_of(SessionChange.objects.get(change="connect")) in page
        assert address_of(SessionChange.objects.get(change="lock")) not in page
