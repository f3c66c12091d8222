"""Where the instance refuses to rank persons, no page compares them (privacy.md 4)."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from django.utils.html import escape

from apps.binaries.models import Binary
from apps.collectors.switches import ALLOWED, REFUSED
from apps.core.admin import address_of
from apps.core.admin.unranked import WITHHELD
from apps.devices.models import Device
from apps.organization.models import Entity
from apps.users.admin.user import UserAdmin
from apps.users.models import Login, Session, SessionChange, User, UserDevice
from tests.conftest import NOW
from tests.factories.collectors import (
    ADA_ROSSI,
    SOFFICE,
    configure,
    device_of,
    execution,
    login,
    make_machine,
)
from tests.factories.inventory import part
from tests.factories.sessions import ACCOUNT, SESSION, at, change, sample

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.usefixtures("fixed_clock"),
    pytest.mark.case("privacy.23"),
]

DEVICES = "/admin/devices/device/"
USERS = "/admin/users/user/"
LOGINS = "/admin/users/login/"
SESSIONS = "/admin/users/session/"
CHANGES = "/admin/users/sessionchange/"
SAMPLES = "/admin/users/sessionsample/"
EXECUTIONS = "/admin/binaries/executionsample/"
OTHER = {"1": {"name": "CORP\\l.dupont", "type": "domain_user"}}
LISTS = [USERS, LOGINS, SESSIONS, CHANGES, SAMPLES, EXECUTIONS]
FIGURES = [
    (USERS, "Last seen"),
    (LOGINS, "08:07"),
    (SESSIONS, "Length"),
    (SESSIONS, "State"),
    (CHANGES, "09:11"),
    (SAMPLES, "Interaction"),
    (SAMPLES, "10:15"),
    (EXECUTIONS, "Ran for"),
]


@pytest.fixture
def rule(request: pytest.FixtureRequest) -> str:
    """Return what the instance decided: refused, unless the test says otherwise."""
    return str(getattr(request, "param", REFUSED))


@pytest.fixture
def device(rule: str, paris: Entity) -> Device:
    """Return a device of Paris on which A. Rossi worked."""
    configure(upn="clear", user_groups="all", individual_ranking=rule)
    machine = make_machine(paris)
    machine.send(
        login(at(8, 7), session_id=SESSION, logon_type="interactive"),
        change("lock", at(9, 11), reason="idle"),
        sample(at(10, 15), user_interaction_time_ms=300_000),
        execution(at(11, 30), execution_duration_ms={"sum": 420_000}),
        users=ADA_ROSSI,
        binaries=SOFFICE,
        inventory=[part("users", [ACCOUNT])],
    )
    UserDevice.objects.update(
        first_used_at=NOW.replace(hour=6, minute=22), last_used_at=NOW.replace(hour=10, minute=52)
    )
    User.objects.update(
        first_seen_at=NOW.replace(hour=6, minute=22), last_seen_at=NOW.replace(hour=10, minute=52)
    )
    return device_of(machine)


@pytest.fixture
def other(device: Device, lyon: Entity) -> Device:
    """Return a device of Lyon on which L. Dupont worked later than A. Rossi."""
    machine = make_machine(lyon, host_name="lyon-laptop")
    machine.send(
        login(at(8, 9), session_id=SESSION), login(at(8, 5), session_id="earlier"), users=OTHER
    )
    return device_of(machine)


def csv_of(client: Client, url: str) -> str:
    """Return a list as a file."""
    file: Any = client.get(f"{url}csv/")
    return b"".join(file.streaming_content).decode()


def listed(client: Client, url: str, query: str = "") -> Any:
    """Return a list as the page has it."""
    page: Any = client.get(url + query)
    return page.context_data["cl"]


def walked(client: Client, url: str, query: str = "?") -> Iterator[Any]:
    """Yield the pages of a list, one after the other."""
    while query:
        page = listed(client, url, query)
        query = page.older_query
        yield page


class TestLists:
    @pytest.mark.parametrize("rule", [ALLOWED, REFUSED], indirect=True)
    @pytest.mark.parametrize(("url", "figure"), FIGURES)
    def test_tell_figures_where_that_is_allowed(
        self, ada_client: Client, device: Device, rule: str, url: str, figure: str
    ) -> None:
        page = ada_client.get(url).content.decode()

        assert "a.rossi@CORP" in page
        assert (figure in page) is (rule == ALLOWED)
        assert (escape(str(WITHHELD)) in page) is (rule == REFUSED)

    @pytest.mark.parametrize("rule", [ALLOWED, REFUSED], indirect=True)
    @pytest.mark.parametrize(("url", "figure"), FIGURES)
    def test_tell_them_in_files_where_that_is_allowed(
        self, ada_client: Client, device: Device, rule: str, url: str, figure: str
    ) -> None:
        text = csv_of(ada_client, url)

        assert "a.rossi@CORP" in text
        assert (figure in text) is (rule == ALLOWED)

    @pytest.mark.parametrize("url", LISTS)
    def test_ask_a_fixed_number_of_questions(
        self,
        ada_client: Client,
        device: Device,
        other: Device,
        django_assert_max_num_queries: Any,
        url: str,
    ) -> None:
        with django_assert_max_num_queries(12):
            ada_client.get(url)

    @pytest.mark.parametrize("rule", [ALLOWED, REFUSED], indirect=True)
    @pytest.mark.parametrize("order", ["5", "-5", "6", "-6"])
    def test_sort_by_figures_where_that_is_allowed(
        self, ada_client: Client, device: Device, other: Device, rule: str, order: str
    ) -> None:
        rows = listed(ada_client, USERS, f"?o={order}").queryset

        assert ("seen_at" in str(rows.query.order_by)) is (rule == ALLOWED)

    @pytest.mark.parametrize("rule", [ALLOWED, REFUSED], indirect=True)
    @pytest.mark.parametrize(
        ("url", "query"),
        [
            (USERS, {"seen": "24h"}),
            (USERS, {"last_seen_at__gte": "2026-03-02T00:00Z"}),
            (SESSIONS, {"state": "active"}),
            (SESSIONS, {"start_time_at__gte": "2026-03-02T00:00Z"}),
            (LOGINS, {"occurred_at__hour__gte": "8"}),
            (SAMPLES, {"user_interaction_time_ms_sum__gte": "60000"}),
            (EXECUTIONS, {"execution_duration_ms_sum__gte": "60000"}),
            (DEVICES, {"login_last_login_time_at__gte": "2026-03-02T00:00Z"}),
        ],
    )
    def test_filter_by_figures_where_that_is_allowed(
        self, ada_client: Client, device: Device, rule: str, url: str, query: dict[str, str]
    ) -> None:
        answer = ada_client.get(url, query)

        assert (answer.status_code == 200) is (rule == ALLOWED)

    @pytest.mark.parametrize("rule", [ALLOWED, REFUSED], indirect=True)
    def test_search_figures_where_that_is_allowed(
        self, ada_client: Client, device: Device, rule: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(UserAdmin, "search_fields", ["name", "last_seen_at"])

        page = ada_client.get(USERS, {"q": "2026-03-02"}).content.decode()

        assert ("a.rossi@CORP" in page) is (rule == ALLOWED)

    @pytest.mark.parametrize("url", [LOGINS, SESSIONS, SAMPLES])
    def test_lead_to_pages_still(self, ada_client: Client, device: Device, url: str) -> None:
        page = ada_client.get(url).content.decode()

        found = re.search(f'href="({url}[0-9-]+/change/)[^"]*"[^>]*>Open', page)

        assert found is not None
        assert ada_client.get(found[1]).status_code == 200

    def test_tell_no_time_in_addresses(self, ada_client: Client, device: Device) -> None:
        row = Login.objects.get()
        exact = f"{row.device_id}-{int(row.occurred_at.timestamp()) * 1_000_000}-{row.pk}"

        assert exact not in ada_client.get(LOGINS).content.decode()
        assert ada_client.get(f"{LOGINS}{exact}/change/").status_code == 404
        assert ada_client.get(f"{LOGINS}{address_of(row)}/change/").status_code == 200

    def test_tell_none_on_the_way_to_the_next_page(
        self, ada_client: Client, other: Device, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("apps.users.admin.changes.LoginAdmin.list_per_page", 1)

        pages = list(walked(ada_client, LOGINS))

        rows = Login.objects.order_by("device_id", "-id")
        assert [row.pk for page in pages for row in page.result_list] == [row.pk for row in rows]
        places = [address_of(row) for row in rows]
        assert [page.after for page in pages] == ["", *places[:2]]

    def test_tell_none_on_the_way_through_one_device(
        self, ada_client: Client, other: Device, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("apps.users.admin.changes.LoginAdmin.list_per_page", 1)

        first, second = walked(ada_client, LOGINS, f"?device={other.pk}")

        rows = Login.objects.filter(device_id=other.pk).order_by("-occurred_at")
        assert [*first.result_list, *second.result_list] == list(rows)
        quarter = int(NOW.replace(hour=8).timestamp()) * 1_000_000
        assert second.after == f"{quarter}-{rows[0].pk}"

    def test_go_on_in_earlier_quarters(
        self, ada_client: Client, device: Device, lyon: Entity, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        make_machine(lyon).send(
            *(login(at(*moment)) for moment in [(7, 59), (8, 14), (8, 15), (5, 0)]), users=OTHER
        )
        monkeypatch.setattr("apps.users.admin.changes.LoginAdmin.list_per_page", 2)

        pages = list(walked(ada_client, LOGINS))

        times = [f"{row.occurred_at:%H:%M}" for page in pages for row in page.result_list]
        assert times == ["08:07", "08:15", "08:14", "07:59", "05:00"]  # 08:15 stands by its device

    def test_go_on_after_no_time_within_a_quarter(self, ada_client: Client, other: Device) -> None:
        last = 2**63 - 1  # after this device stand earlier times alone
        middle = NOW.replace(hour=8, minute=8)  # between the three logins

        query = f"?after={last}-{int(middle.timestamp()) * 1_000_000}-0"
        found = listed(ada_client, LOGINS, query)

        assert len(found.result_list) == 3

    @pytest.mark.parametrize("rule", [ALLOWED, REFUSED], indirect=True)
    def test_keep_the_running_quarter_back_where_it_would_tell_who_comes(
        self, ada_client: Client, other: Device, rule: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("apps.core.clock.now", lambda: NOW.replace(hour=8, minute=10))
        running = listed(ada_client, LOGINS)
        own = listed(ada_client, LOGINS, f"?device={other.pk}")
        monkeypatch.setattr("apps.core.clock.now", lambda: NOW.replace(hour=8, minute=15))
        over = listed(ada_client, LOGINS)

        assert len(running.result_list) == (3 if rule == ALLOWED else 0)
        assert bool(running.quarters_text) is (rule == REFUSED)
        assert len(own.result_list) == 2
        assert len(over.result_list) == 3

    @pytest.mark.parametrize("rule", [ALLOWED, REFUSED], indirect=True)
    def test_keep_back_sessions_that_began_just_now(
        self, ada_client: Client, other: Device, rule: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("apps.core.clock.now", lambda: NOW.replace(hour=8, minute=10))
        running = listed(ada_client, SESSIONS)
        monkeypatch.setattr("apps.core.clock.now", lambda: NOW.replace(hour=8, minute=15))
        over = listed(ada_client, SESSIONS)

        assert len(running.result_list) == (3 if rule == ALLOWED else 0)
        assert len(over.result_list) == 3

    @pytest.mark.parametrize("rule", [ALLOWED, REFUSED], indirect=True)
    @pytest.mark.parametrize("query", ["?window=1h", "?window=1h&device={}"])
    def test_begin_with_a_whole_quarter_where_an_edge_would_tell_who_came(
        self,
        ada_client: Client,
        device: Device,
        rule: str,
        query: str,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr("apps.core.clock.now", lambda: NOW.replace(hour=9, minute=8))

        found = listed(ada_client, LOGINS, query.format(device.pk))

        assert len(found.result_list) == (0 if rule == ALLOWED else 1)

    @pytest.mark.parametrize("url", [LOGINS, SESSIONS])
    def test_stand_by_device_where_their_order_would_tell_who_came_first(
        self, ada_client: Client, device: Device, other: Device, url: str
    ) -> None:
        rows = listed(ada_client, url).result_list

        assert [row.device_id for row in rows] == [device.pk, other.pk, other.pk]

    @pytest.mark.parametrize("url", [LOGINS, SESSIONS])
    def test_stand_by_device_in_files(
        self,
        ada_client: Client,
        device: Device,
        other: Device,
        monkeypatch: pytest.MonkeyPatch,
        url: str,
    ) -> None:
        monkeypatch.setattr("apps.core.admin.exports.CHUNK_ROWS", 1)

        text = csv_of(ada_client, url)

        assert re.findall(r"(ada|lyon)-laptop", text) == ["ada", "lyon", "lyon"]


class TestPages:
    """Of one person: times in them are told to a quarter of an hour."""

    @pytest.mark.parametrize("rule", [ALLOWED, REFUSED], indirect=True)
    def test_of_a_user(self, ada_client: Client, device: Device, rule: str) -> None:
        page = ada_client.get(f"{USERS}{User.objects.get().pk}/change/").content.decode()

        exact, rounded = ["06:22", "08:07", "10:52"], ["06:15", "08:00", "10:45"]
        assert [t in page for t in exact] == [rule == ALLOWED] * 3
        assert [t in page for t in rounded] == [rule == REFUSED] * 3

    @pytest.mark.parametrize("rule", [ALLOWED, REFUSED], indirect=True)
    def test_of_a_session(self, ada_client: Client, device: Device, rule: str) -> None:
        url = f"{SESSIONS}{Session.objects.get().pk}/change/"

        page = ada_client.get(url).content.decode()

        assert [t in page for t in ("08:07", "09:11")] == [rule == ALLOWED] * 2
        assert [t in page for t in ("08:00", "09:00")] == [rule == REFUSED] * 2

    @pytest.mark.parametrize("rule", [ALLOWED, REFUSED], indirect=True)
    @pytest.mark.parametrize(
        ("url", "model", "exact", "rounded"),
        [(LOGINS, Login, "08:07", "08:00"), (CHANGES, SessionChange, "09:11", "09:00")],
    )
    def test_of_one_row(
        self,
        ada_client: Client,
        device: Device,
        rule: str,
        url: str,
        model: Any,
        exact: str,
        rounded: str,
    ) -> None:
        address = address_of(model.objects.get())

        page = ada_client.get(f"{url}{address}/change/").content.decode()

        assert (exact in page) is (rule == ALLOWED)
        assert (rounded in page) is (rule == REFUSED)

    def test_of_a_device_tell_times_exactly(self, ada_client: Client, device: Device) -> None:
        page = ada_client.get(f"{DEVICES}{device.pk}/change/").content.decode()

        assert "08:07" in page

    @pytest.mark.parametrize("rule", [ALLOWED, REFUSED], indirect=True)
    def test_of_a_device_do_not_tell_who_was_there_last(
        self, ada_client: Client, device: Device, rule: str
    ) -> None:
        page = ada_client.get(f"{DEVICES}{device.pk}/change/").content.decode()

        assert "a.rossi@CORP" in page
        assert ("Last used" in page) is (rule == ALLOWED)
        assert (escape(str(WITHHELD)) in page) is (rule == REFUSED)

    @pytest.mark.parametrize("rule", [ALLOWED, REFUSED], indirect=True)
    def test_of_a_program_do_not_tell_who_ran_it_longest(
        self, ada_client: Client, device: Device, rule: str
    ) -> None:
        url = f"/admin/binaries/binary/{Binary.objects.get(name='soffice.bin').pk}/change/"

        page = ada_client.get(url).content.decode()

        assert "Executions of the last hour" in page
        assert "a.rossi@CORP" in page
        assert ("Ran for" in page) is (rule == ALLOWED)
