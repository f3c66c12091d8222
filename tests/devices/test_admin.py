"""Pages of devices and of what they reported."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from apps.accounts.models import Profile
from apps.audit.choices import AuditCode
from apps.audit.models import InboxEvent
from apps.collectors.services import checkin
from apps.core.admin import address_of
from apps.devices.models import Boot, Device, PerformanceSample
from apps.organization.models import Entity
from tests.conftest import NOW
from tests.factories.collectors import (
    Machine,
    boot,
    connectivity,
    device_of,
    make_machine,
    performance,
    stop,
)
from tests.factories.inventory import INVENTORY, OPERATING_SYSTEM, part

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fixed_clock")]

DEVICES = "/admin/devices/device/"
LIST_QUERIES = 10  # two of them the countries and sites to filter by
LISTS = [
    DEVICES,
    "/admin/devices/boot/",
    "/admin/devices/performancesample/",
    "/admin/devices/sleep/",
    "/admin/devices/systemcrash/",
    "/admin/devices/hardreset/",
    "/admin/devices/connectivitysample/",
    "/admin/devices/devicechange/",
    "/admin/devices/performancedaily/",
    "/admin/devices/connectivitydaily/",
]
FILLED = LISTS[:-2]  # days come with the roll-up


def busy_machine(entity: Entity, host_name: str = "ada-laptop") -> Machine:
    """Return a machine that has reported a row of each table."""
    machine = make_machine(entity, host_name=host_name)
    system = part("operating_system", OPERATING_SYSTEM | {"host_name": host_name})
    inventory = [entry for entry in INVENTORY if entry["part"] != "operating_system"]
    response = machine.send(
        boot(duration_ms=31_500),
        performance(),
        stop("sleeps", duration_ms=3_600_000),
        stop("system_crashes", error_code=0xEF, label="CRITICAL_PROCESS_DIED"),
        stop("hard_resets"),
        connectivity(primary_physical_adapter_type="wifi", vpn_status="connected"),
        inventory=[*inventory, system],
    )
    assert response.json()["refused"] == []
    machine.send(inventory=[part("monitors", [{"name": "Other", "manufacturer": "LG"}])])
    return machine


@pytest.fixture
def device(paris: Entity) -> Device:
    """Return a device of Paris that has reported everything there is."""
    return device_of(busy_machine(paris))


@pytest.fixture
def hidden(lyon: Entity) -> Device:
    """Return a device of Lyon that has reported as much."""
    return device_of(busy_machine(lyon, host_name="lyon-laptop"))


def page_of(device: Device) -> str:
    """Return the address of a device's page."""
    return f"{DEVICES}{device.pk}/change/"


class TestLists:
    @pytest.mark.parametrize("url", LISTS)
    def test_are_closed_to_cleo(self, cleo_client: Client, url: str) -> None:
        assert cleo_client.get(url).status_code == 403

    @pytest.mark.parametrize("url", LISTS)
    def test_say_what_to_do_where_they_are_empty(self, ada_client: Client, url: str) -> None:
        page = ada_client.get(url).content.decode()

        assert "Choose a longer" in page or "choose a" in page or "Make an enrolment key" in page

    @pytest.mark.parametrize("url", FILLED)
    def test_name_no_device_of_another_entity(
        self, ben_client: Client, device: Device, hidden: Device, url: str
    ) -> None:
        page = ben_client.get(url).content.decode()

        assert device.name in page
        assert hidden.name not in page


class TestDeviceList:
    def test_shows_facts_in_words(self, ada_client: Client, device: Device) -> None:
        page = ada_client.get(DEVICES).content.decode()

        assert "16 GiB" in page
        assert "Latitude 7440" in page
        assert "just now" in page
        assert "active" in page

    @pytest.mark.parametrize("number", [5, 50])
    def test_asks_the_same_number_of_questions_whatever_its_length(
        self, ada_client: Client, device: Device, django_assert_num_queries: Any, number: int
    ) -> None:
        copies = [
            Device(
                entity=device.entity,
                context=device.context,
                name=f"copy-{place}",
                operating_system_platform="linux",
                first_seen_at=NOW,
                last_seen_at=NOW,
            )
            for place in range(number)
        ]
        Device.objects.bulk_create(copies)

        with django_assert_num_queries(LIST_QUERIES):
            response = ada_client.get(DEVICES)

        assert f"copy-{number - 1}" in response.content.decode()

    def test_finds_by_name(self, ada_client: Client, device: Device, hidden: Device) -> None:
        page = ada_client.get(f"{DEVICES}?q={device.name}").content.decode()

        assert hidden.name not in page

    def test_finds_the_silent_ones(self, ada_client: Client, device: Device) -> None:
        Device.objects.filter(pk=device.pk).update(
            first_seen_at=NOW - timedelta(days=9), last_seen_at=NOW - timedelta(days=8)
        )

        assert device.name in ada_client.get(f"{DEVICES}?seen=silent").content.decode()
        assert device.name not in ada_client.get(f"{DEVICES}?seen=7d").content.decode()

    def test_hides_names_where_the_profile_hides_them(
        self, ben_client: Client, device: Device
    ) -> None:
        Profile.objects.update(privacy_level=3)

        page = ben_client.get(DEVICES).content.decode()

        assert device.name not in page
        assert "device-" in page

    def test_adds_and_deletes_nothing_by_hand(self, ada_client: Client, device: Device) -> None:
        assert ada_client.get(f"{DEVICES}add/").status_code == 403
        assert ada_client.post(f"{DEVICES}{device.pk}/delete/").status_code == 403


class TestDevicePage:
    def test_shows_what_the_device_told(self, ada_client: Client, device: Device) -> None:
        page = ada_client.get(page_of(device)).content.decode()

        assert "ada-laptop" in page
        assert "Latitude 7440" in page
        assert "31.5 s" in page
        assert "/home" in page
        assert "Samsung" in page

    def test_draws_charts_and_says_the_same_in_a_table(
        self, ada_client: Client, device: Device
    ) -> None:
        page = ada_client.get(page_of(device)).content.decode()

        assert 'data-type="line"' in page
        assert "Performance, from the newest" in page
        assert "40 %" in page

    def test_shows_a_week_too(self, ada_client: Client, device: Device) -> None:
        page = ada_client.get(f"{page_of(device)}?range=7d").content.decode()

        assert 'data-type="line"' in page

    def test_asks_a_bounded_number_of_questions(
        self, ada_client: Client, device: Device, django_assert_max_num_queries: Any
    ) -> None:
        with django_assert_max_num_queries(48):
            ada_client.get(page_of(device))

    def test_records_who_looked_at_which_device(self, ada_client: Client, device: Device) -> None:
        ada_client.get(page_of(device))

        event = InboxEvent.objects.get(code=AuditCode.DEVICE_OPENED)
        assert event.subjects == [["device", str(device.pk)]]
        assert event.actor_label == "ada"

    def test_has_the_device_report_each_minute(self, ada_client: Client, device: Device) -> None:
        ada_client.get(page_of(device))

        assert checkin.is_page_open(device.pk)

    def test_is_closed_to_cleo(self, cleo_client: Client, device: Device) -> None:
        assert cleo_client.get(page_of(device)).status_code == 403

    def test_is_not_there_for_ben_in_lyon(self, ben_client: Client, hidden: Device) -> None:
        assert ben_client.get(page_of(hidden)).status_code == 404
        assert ben_client.get(f"{DEVICES}{hidden.pk}/last-data/").status_code == 404

    @pytest.mark.parametrize("number", ["0", "999999", "x", "9" * 30])
    def test_is_not_there_for_an_unknown_one(self, ada_client: Client, number: str) -> None:
        assert ada_client.get(f"{DEVICES}{number}/change/").status_code == 404

    def test_shows_no_name_where_the_profile_hides_it(
        self, ben_client: Client, device: Device
    ) -> None:
        Profile.objects.update(privacy_level=3)

        page = ben_client.get(page_of(device)).content.decode()

        assert device.name not in page
        assert str(device.uid) not in page
        assert "SER-0815" not in page
        assert "/home" not in page

    @pytest.mark.parametrize(("level", "is_shown"), [(0, True), (1, False), (2, False)])
    def test_shows_where_volumes_are_mounted_as_it_shows_names(
        self, ben_client: Client, device: Device, level: int, is_shown: bool
    ) -> None:
        Device.objects.update(is_one_user=True)
        Profile.objects.update(privacy_level=level)

        page = ben_client.get(page_of(device)).content.decode()

        assert ("/home" in page) is is_shown

    def test_tells_of_newer_data_while_it_is_open(self, ada_client: Client, device: Device) -> None:
        shown = (NOW - timedelta(minutes=5)).isoformat().replace("+", "%2B")

        page = ada_client.get(f"{DEVICES}{device.pk}/last-data/?shown={shown}").content.decode()

        assert "Show the new data" in page
        assert "every 60s" in page

    @pytest.mark.parametrize(
        "shown", ["", "x", "2026-13-45T99:00:00Z", "2026-03-02T12:00:00", "%00"]
    )
    def test_takes_any_moment_of_an_address(
        self, ada_client: Client, device: Device, shown: str
    ) -> None:
        page = ada_client.get(f"{DEVICES}{device.pk}/last-data/?shown={shown}").content.decode()

        assert "Last data" in page
        assert "Show the new data" not in page


class TestEventPages:
    def test_show_a_boot(self, ada_client: Client, device: Device) -> None:
        address = address_of(Boot.objects.get())

        page = ada_client.get(f"/admin/devices/boot/{address}/change/").content.decode()

        assert "31.5 s" in page
        assert page_of(device) in page

    def test_show_the_values_of_a_bucket(self, ada_client: Client, device: Device) -> None:
        address = address_of(PerformanceSample.objects.get())

        page = ada_client.get(f"/admin/devices/performancesample/{address}/change/")

        assert "Normalized CPU usage" in page.content.decode()
        assert "90 %" in page.content.decode()

    def test_hide_rows_of_another_entity(self, ben_client: Client, hidden: Device) -> None:
        address = address_of(Boot.objects.get())

        assert ben_client.get(f"/admin/devices/boot/{address}/change/").status_code == 404

    @pytest.mark.parametrize("url", LISTS[1:])
    def test_ask_a_fixed_number_of_questions(
        self, ada_client: Client, device: Device, django_assert_max_num_queries: Any, url: str
    ) -> None:
        with django_assert_max_num_queries(13):  # 8 slices of a week
            assert ada_client.get(url).status_code == 200
