"""Lists as CSV files, tried on devices and boots."""

import csv
import io
import re
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from apps.accounts.models import Account
from apps.audit import services as audit
from apps.audit.choices import AuditCode
from apps.audit.models import InboxEvent
from apps.core.admin import exports
from apps.core.personal_data import PrivacyLevel
from apps.devices.models import Device
from apps.organization.models import Entity
from tests.core.devices import hide, make_boot, make_device
from tests.factories.organization import grant, make_entity

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.urls("tests.core.urls"),
    pytest.mark.usefixtures("fixed_clock"),
]

LIST, BOOTS = "/probe/devices/device/", "/probe/devices/boot/"


def text_of(client: Client, path: str = LIST, **query: str) -> str:
    """Return a file."""
    response = client.get(f"{path}csv/", query)
    assert response.status_code == 200, response.status_code
    return b"".join(response).decode()  # type: ignore[call-overload, no-any-return]


def lines_of(client: Client, path: str = LIST, **query: str) -> list[list[str]]:
    """Return the lines of a file, without its heads."""
    return list(csv.reader(io.StringIO(text_of(client, path, **query))))[1:]


def count_queries(client: Client, path: str) -> int:
    """Return the queries of a file."""
    with CaptureQueriesContext(connection) as queries:
        text_of(client, path)
    return len(queries)


@pytest.fixture
def laptop(paris: Entity) -> Device:
    """Return a device in Paris."""
    values: dict[str, Any] = {"hardware_memory_bytes": 2**34}
    return make_device("paris-laptop", paris, hardware_bios_serial_number="SN-4711", **values)


@pytest.fixture
def other(lyon: Entity) -> Device:
    """Return a device in Lyon."""
    return make_device("lyon-laptop", lyon)


class TestFile:
    def test_has_heads_and_plain_values(self, ada_client: Client, laptop: Device) -> None:
        text = text_of(ada_client)

        assert text == (
            "Name,Entity,Hardware bios serial number,Memory\r\n"
            "paris-laptop,Paris,SN-4711,17179869184\r\n"
        )

    def test_is_named_by_table_and_day(self, ada_client: Client) -> None:
        response = ada_client.get(f"{LIST}csv/")

        assert response["Content-Type"] == "text/csv; charset=utf-8"
        assert "devices_device_2026-03-02.csv" in response["Content-Disposition"]

    @pytest.mark.usefixtures("laptop", "other")
    def test_follows_order_search_and_filter(self, ada_client: Client, paris: Entity) -> None:
        assert [line[0] for line in lines_of(ada_client)] == ["lyon-laptop", "paris-laptop"]
        assert [line[0] for line in lines_of(ada_client, o="-0")] == ["paris-laptop", "lyon-laptop"]
        assert [line[0] for line in lines_of(ada_client, q="lyon")] == ["lyon-laptop"]
        filtered = lines_of(ada_client, entity__id__exact=str(paris.pk))
        assert [line[0] for line in filtered] == ["paris-laptop"]

    @pytest.mark.case("access.3")
    @pytest.mark.usefixtures("laptop", "other")
    def test_has_the_rows_of_the_view_domain(self, ben_client: Client) -> None:
        assert [line[0] for line in lines_of(ben_client)] == ["paris-laptop"]

    def test_keeps_the_order_over_chunks(
        self, ada_client: Client, paris: Entity, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(exports, "CHUNK_ROWS", 2)
        for number in range(5):
            make_device(f"laptop-{number}", paris)

        names = [line[0] for line in lines_of(ada_client)]

        assert names == [f"laptop-{number}" for number in range(5)]

    def test_speaks_the_language_of_the_account(self, ada: Account, ada_client: Client) -> None:
        ada.language = "de"
        ada.save()

        assert text_of(ada_client, BOOTS).startswith("Occurred at,Gerät,")

    @pytest.mark.usefixtures("laptop", "other")
    def test_sends_the_browser_back_from_a_wrong_filter(self, ada_client: Client) -> None:
        response = ada_client.get(f"{LIST}csv/", {"entity__id__exact": "x"})

        assert response.status_code == 302
        assert response["Location"] == "../?e=1"

    def test_is_not_posted(self, ada_client: Client) -> None:
        assert ada_client.post(f"{LIST}csv/").status_code == 405

    @pytest.mark.usefixtures("laptop")
    def test_is_closed_to_cleo(self, cleo_client: Client) -> None:
        assert cleo_client.get(f"{LIST}csv/").status_code == 403
        assert cleo_client.get(f"{BOOTS}csv/").status_code == 403

    def test_is_closed_to_who_is_not_signed_in(self) -> None:
        assert Client().get(f"{LIST}csv/").status_code == 302

    def test_is_limited_by_number(self, ada_client: Client, settings: Any) -> None:
        settings.DEX_LIMITS = {**settings.DEX_LIMITS, "console.export": "1/hour"}
        text_of(ada_client)

        response = ada_client.get(f"{LIST}csv/")

        assert response.status_code == 429
        assert int(response["Retry-After"]) > 0


class TestCost:
    def test_is_the_same_for_more_rows(self, ada_client: Client, paris: Entity) -> None:
        device = make_device("laptop-0", paris)
        make_boot(device)
        few = count_queries(ada_client, LIST), count_queries(ada_client, BOOTS)

        for number in range(1, 9):
            make_boot(make_device(f"laptop-{number}", paris))

        assert (count_queries(ada_client, LIST), count_queries(ada_client, BOOTS)) == few

    def test_grows_by_one_query_a_chunk(
        self, ada_client: Client, paris: Entity, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for number in range(6):
            make_device(f"laptop-{number}", paris)
        whole = count_queries(ada_client, LIST)
        monkeypatch.setattr(exports, "CHUNK_ROWS", 2)

        assert count_queries(ada_client, LIST) == whole + 2

    @pytest.mark.usefixtures("laptop")
    def test_counts_nothing(self, ada_client: Client) -> None:
        with CaptureQueriesContext(connection) as queries:
            text_of(ada_client)

        assert not [q for q in queries if "COUNT(" in q["sql"].upper()]


class TestWideDomain:
    def test_is_as_quick_and_told_in_short(
        self, ben: Account, ben_client: Client, laptop: Device
    ) -> None:
        few = count_queries(ben_client, LIST)
        assert ben.main_profile is not None
        for number in range(150):
            grant(ben.main_profile, make_entity(f"Site {number}"))

        assert count_queries(ben_client, LIST) == few
        row = InboxEvent.objects.filter(code=AuditCode.EXPORT_MADE).latest("pk")
        assert len(row.detail["scope"]) == 100


class TestEvents:
    def test_are_those_of_the_window(self, ada_client: Client, laptop: Device) -> None:
        make_boot(laptop, timedelta(hours=25))
        make_boot(laptop, timedelta(hours=3))
        make_boot(laptop, timedelta(hours=1))

        day, week = lines_of(ada_client, BOOTS), lines_of(ada_client, BOOTS, window="7d")

        assert [line[0] for line in day] == ["2026-03-02T11:00:00Z", "2026-03-02T09:00:00Z"]
        assert len(week) == 3

    def test_are_more_than_a_page(self, ada_client: Client, laptop: Device) -> None:
        for _number in range(7):  # all at one instant, three a page
            make_boot(laptop)

        assert len(lines_of(ada_client, BOOTS)) == 7

    @pytest.mark.case("access.3")
    def test_are_of_the_view_domain(
        self, ben_client: Client, laptop: Device, other: Device
    ) -> None:
        make_boot(laptop)
        make_boot(other)

        lines = lines_of(ben_client, BOOTS)

        assert [line[1].partition(" ")[0] for line in lines] == ["paris-laptop"]

    def test_are_cut_at_the_limit(
        self, ada_client: Client, laptop: Device, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(exports, "ROWS_MOST", 2)
        boots = [make_boot(laptop, timedelta(hours=hours)) for hours in (1, 2, 3)]

        lines = lines_of(ada_client, BOOTS)

        assert len(lines) == len(boots)
        assert lines[-1][0].startswith("Cut after 2 rows")


class TestLimit:
    @pytest.fixture(autouse=True)
    def _limit(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(exports, "ROWS_MOST", 2)

    def test_is_told_in_the_last_line_and_on_the_page(
        self, ada_client: Client, paris: Entity
    ) -> None:
        for number in range(3):
            make_device(f"laptop-{number}", paris)

        lines = lines_of(ada_client)
        page = ada_client.get(LIST).content.decode()

        assert [line[0] for line in lines[:-1]] == ["laptop-0", "laptop-1"]
        assert lines[-1][0].startswith("Cut after 2 rows")
        assert "Cut after 2 rows" in page
        assert "The file has the first 2 rows at most." in page

    def test_is_not_told_of_a_list_that_just_fits(self, ada_client: Client, paris: Entity) -> None:
        for number in range(2):
            make_device(f"laptop-{number}", paris)

        text = text_of(ada_client)
        page = ada_client.get(LIST).content.decode()

        assert "Cut" not in text + page
        assert "The file has the first" not in page


class TestHiddenValues:
    @pytest.mark.case("access.31")
    @pytest.mark.parametrize("level", [PrivacyLevel.USERS_DEVICES, 3])
    def test_are_tokens_as_on_the_page(
        self, ben: Account, ben_client: Client, laptop: Device, level: int
    ) -> None:
        hide(ben, PrivacyLevel(level))
        make_boot(laptop)
        page = ben_client.get(LIST).content.decode()

        devices, boots = text_of(ben_client), text_of(ben_client, BOOTS)

        assert "paris-laptop" not in devices + boots
        assert "SN-4711" not in devices
        [token] = set(re.findall(r"device-[0-9a-z]{6}", devices))
        assert token in page
        assert token in boots

    def test_are_in_clear_at_the_levels_that_show_them(
        self, ben: Account, ben_client: Client, laptop: Device
    ) -> None:
        hide(ben, PrivacyLevel.USERS)

        assert "paris-laptop" in text_of(ben_client)


class TestSafe:
    @pytest.mark.parametrize(
        "text", ["=1+1", "+49", "-cmd", "@SUM(A1)", "\tx", "\rx", "\nx", "\uff1d1", "-1+2", "+1"]
    )
    def test_marks_what_a_spreadsheet_would_run(self, text: str) -> None:
        assert exports.safe(text) == f"'{text}"

    @pytest.mark.parametrize("text", ["", "a=b", "-67", "-0.25", "-1.5e-07", "1+1"])
    def test_leaves_the_rest(self, text: str) -> None:
        assert exports.safe(text) == text

    def test_is_asked_of_every_cell(self, ada_client: Client, paris: Entity) -> None:
        make_device('=HYPERLINK("http://x")', paris)

        assert lines_of(ada_client)[0][0] == '\'=HYPERLINK("http://x")'


class TestRecord:
    def test_tells_what_was_taken_and_names_nobody(
        self, ben: Account, ben_client: Client, laptop: Device, paris: Entity
    ) -> None:
        text_of(ben_client, q="paris-laptop", o="1")

        row = InboxEvent.objects.get(code=AuditCode.EXPORT_MADE)
        assert row.actor_id == str(ben.pk)
        assert row.object_kind == "devices.device"
        assert row.subjects == [["device", str(laptop.pk)]]
        assert row.detail["filter"] == {"q": audit.digest("paris-laptop"), "o": "1"}
        assert row.detail["scope"] != "everything"
        assert row.detail["rows"] == 1
        assert len(row.detail["row_digest"]) == 32
        assert "paris-laptop" not in f"{row.detail}{row.subjects}{row.object_label}"

    @pytest.mark.case("access.20")
    def test_names_all_subjects_of_many(self, ada_client: Client, paris: Entity) -> None:
        for number in range(30):
            make_device(f"laptop-{number}", paris)

        text_of(ada_client)

        assert len(InboxEvent.objects.get(code=AuditCode.EXPORT_MADE).subjects) == 30

    def test_is_made_where_nobody_is_shown(
        self, ben: Account, ben_client: Client, laptop: Device
    ) -> None:
        hide(ben, PrivacyLevel.USERS_DEVICES_DESTINATIONS)

        text_of(ben_client)

        row = InboxEvent.objects.get(code=AuditCode.EXPORT_MADE)
        assert row.subjects == []
        assert row.detail["rows"] == 1

    @pytest.mark.usefixtures("laptop")
    def test_comes_before_the_first_line(self, ada_client: Client) -> None:
        ada_client.get(f"{LIST}csv/")  # whose lines nobody reads

        assert InboxEvent.objects.filter(code=AuditCode.EXPORT_MADE).count() == 1

    @pytest.mark.usefixtures("laptop")
    def test_tells_files_apart(self, ada_client: Client, paris: Entity) -> None:
        text_of(ada_client)
        make_device("another", paris)
        text_of(ada_client)

        rows = InboxEvent.objects.filter(code=AuditCode.EXPORT_MADE)
        assert len({row.detail["row_digest"] for row in rows}) == 2


class TestButton:
    @pytest.mark.usefixtures("laptop")
    def test_is_a_link_with_the_query_of_the_list(self, ada_client: Client) -> None:
        page = ada_client.get(LIST, {"q": "paris", "p": "1"}).content.decode()

        assert re.search(rf'<a href="{LIST}csv/\?q=paris" download ', page)  # Tab reaches it
        assert "Export CSV" in page

    def test_leads_to_the_whole_window(self, ada_client: Client, laptop: Device) -> None:
        make_boot(laptop)

        page = ada_client.get(BOOTS, {"window": "7d", "after": "1-1"}).content.decode()

        assert f'<a href="{BOOTS}csv/?window=7d" download ' in page

    def test_is_not_offered_in_a_popup(self, ada_client: Client) -> None:
        assert "Export CSV" not in ada_client.get(LIST, {"_popup": "1"}).content.decode()
