"""Pages of programs and what they did."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from apps.accounts.models import Account
from apps.audit.choices import AuditCode
from apps.audit.models import InboxEvent
from apps.binaries import upkeep
from apps.binaries.models import (
    Binary,
    ConnectionDaily,
    ConnectionSample,
    ExecutionCrash,
    ExecutionSample,
    Package,
    Presence,
)
from apps.core.admin import address_of
from apps.core.personal_data import PrivacyLevel
from apps.devices.models import Device
from apps.events import rollups
from apps.organization.models import Entity
from tests.conftest import NOW
from tests.factories.accounts import only
from tests.factories.collectors import (
    ADA_ROSSI,
    SOFFICE,
    configure,
    device_of,
    execution,
    make_machine,
)
from tests.factories.programs import crash, package, scan, traffic

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fixed_clock")]

BINARIES = "/admin/binaries/binary/"
SAMPLES = "/admin/binaries/executionsample/"
DAYS = "/admin/binaries/executiondaily/"
CRASHES = "/admin/binaries/executioncrash/"
CONNECTIONS = "/admin/binaries/connectionsample/"
CONNECTION_DAYS = "/admin/binaries/connectiondaily/"
PACKAGES = "/admin/binaries/package/"
INSTALLATIONS = "/admin/binaries/packageinstallation/"
UNINSTALLATIONS = "/admin/binaries/packageuninstallation/"
EVERY_LIST = [
    BINARIES,
    SAMPLES,
    DAYS,
    CRASHES,
    CONNECTIONS,
    CONNECTION_DAYS,
    PACKAGES,
    INSTALLATIONS,
    UNINSTALLATIONS,
]


@pytest.fixture
def device(paris: Entity) -> Device:
    """Return a device of Paris on which a program ran."""
    machine = make_machine(paris)
    record = execution(cpu_time_ms={"sum": 61_000}, execution_duration_ms={"sum": 900_000})
    machine.send(record, users=ADA_ROSSI, binaries=SOFFICE)
    upkeep.refresh_presence(now=NOW)
    return device_of(machine)


class TestBinaryPages:
    @pytest.mark.parametrize("url", EVERY_LIST)
    def test_are_closed_to_cleo(self, cleo_client: Client, url: str) -> None:
        assert cleo_client.get(url).status_code == 403

    @pytest.mark.parametrize("url", EVERY_LIST)
    def test_ask_a_fixed_number_of_questions(
        self, ada_client: Client, device: Device, django_assert_max_num_queries: Any, url: str
    ) -> None:
        with django_assert_max_num_queries(13):  # 8 slices of a week
            assert ada_client.get(url).status_code == 200

    def test_list_programs_and_runs(self, ada_client: Client, device: Device) -> None:
        assert "soffice.bin" in ada_client.get(BINARIES).content.decode()
        assert "1 min 1 s" in ada_client.get(SAMPLES).content.decode()

    def test_show_a_program(self, ada_client: Client, device: Device) -> None:
        binary = Binary.objects.get()

        page = ada_client.get(f"{BINARIES}{binary.pk}/change/").content.decode()

        assert "ada-laptop" in page
        assert "1 min 1 s" in page
        assert "a.rossi@CORP" in page

    def test_show_a_run(self, ada_client: Client, device: Device) -> None:
        address = address_of(ExecutionSample.objects.get())

        page = ada_client.get(f"{SAMPLES}{address}/change/").content.decode()

        assert "CPU time" in page
        assert "15 min 0 s" in page

    @pytest.mark.parametrize("door", ["list", "row"])
    def test_name_nothing_that_may_not_be_viewed(
        self, ben: Account, ben_client: Client, device: Device, door: str
    ) -> None:
        only(ben, "binaries.view_executionsample")
        address = address_of(ExecutionSample.objects.get())
        url = {"list": SAMPLES, "row": f"{SAMPLES}{address}/change/"}[door]

        page = ben_client.get(url).content.decode()

        assert "1 min 1 s" in page
        assert [name for name in ("rossi", "ada-laptop", "soffice") if name in page] == []

    def test_link_to_what_may_be_viewed(
        self, ben: Account, ben_client: Client, device: Device
    ) -> None:
        only(ben, "binaries.view_executionsample", "devices.view_device")

        page = ben_client.get(SAMPLES).content.decode()

        assert f"/admin/devices/device/{device.pk}/change/" in page
        assert "rossi" not in page

    def test_are_a_part_of_the_device(self, ada_client: Client, device: Device) -> None:
        page = ada_client.get(f"/admin/devices/device/{device.pk}/change/").content.decode()

        assert "soffice.bin" in page

    def test_are_a_part_of_the_device_with_its_crashes(
        self, ada_client: Client, paris: Entity
    ) -> None:
        machine = make_machine(paris)
        machine.send(crash(error_code="SIGSEGV"), users=ADA_ROSSI, binaries=SOFFICE)

        address = f"/admin/devices/device/{device_of(machine).pk}/change/"

        assert "SIGSEGV" in ada_client.get(address).content.decode()

    def test_of_another_entity_are_not_there_for_ben(
        self, ben_client: Client, lyon: Entity
    ) -> None:
        make_machine(lyon).send(execution(), users=ADA_ROSSI, binaries=SOFFICE)
        upkeep.refresh_presence(now=NOW)
        binary = Binary.objects.get()
        address = address_of(ExecutionSample.objects.get())

        assert "soffice" not in ben_client.get(BINARIES).content.decode()
        assert "soffice" not in ben_client.get(SAMPLES).content.decode()
        assert ben_client.get(f"{BINARIES}{binary.pk}/change/").status_code == 404
        assert ben_client.get(f"{SAMPLES}{address}/change/").status_code == 404


class TestTimes:
    """When programs and packages were seen, where the fleet is larger than the view domain."""

    @pytest.fixture(params=[(BINARIES, Binary), (PACKAGES, Package)], ids=["program", "package"])
    def place(self, request: Any, device: Device) -> tuple[str, str]:
        """Return the list and the page of what Paris had 20 days ago, and others had since."""
        url, model = request.param
        scan(make_machine(device.entity), package())
        upkeep.refresh_presence(now=NOW)
        Presence.objects.update(last_seen_at=NOW - timedelta(days=20))
        model.objects.update(
            first_seen_at=NOW - timedelta(days=50), last_seen_at=NOW - timedelta(days=3)
        )
        return url, f"{url}{model.objects.get().pk}/change/"

    def test_are_those_of_the_view_domain(
        self, ada_client: Client, ben_client: Client, place: tuple[str, str]
    ) -> None:
        """Both doors: the list and the page."""
        shown = [
            [client.get(url).content.decode() for url in place]
            for client in (ada_client, ben_client)
        ]

        days = ("3 days ago", "50 days ago", "20 days ago")
        found = [[[text in page for text in days] for page in pages] for pages in shown]
        assert found == [
            [[True, False, False], [True, True, True]],
            [[False, False, True], [False, False, True]],
        ]

    def test_neither_sort_nor_filter_for_a_part_of_the_fleet(
        self, ben_client: Client, place: tuple[str, str]
    ) -> None:
        url, _page = place

        with CaptureQueriesContext(connection) as queries:
            answer = ben_client.get(url, {"last_seen_at__gte": "2026-01-01"})
            ben_client.get(url, {"o": "-8"})
            ben_client.get(url, {"o": "-7"})

        orders = [q["sql"].split("ORDER BY")[-1] for q in queries if "ORDER BY" in q["sql"]]
        assert answer.status_code in (302, 400)
        assert orders
        assert [order for order in orders if "seen_at" in order] == []


def page_of(binary: Binary) -> str:
    """Return the address of a program's page."""
    return f"{BINARIES}{binary.pk}/change/"


class TestBinaryPage:
    def test_shows_versions_side_by_side(self, ada_client: Client, device: Device) -> None:
        machine = make_machine()
        newer = {"7": {"name": "soffice.bin", "version": "25.8"}}
        machine.send(execution(), crash(number_of_crashes=5), users=ADA_ROSSI, binaries=newer)
        upkeep.refresh_presence(now=NOW)

        page = ada_client.get(page_of(Binary.objects.get(version="24.2"))).content.decode()

        versions = page.split('id="versions"')[1].split("</section>")[0]
        assert "24.2 (this one)" in versions
        assert versions.index("</a> 25.8") < versions.index("24.2")
        assert ">5<" in versions

    def test_shows_crashes_and_use_by_day(self, ada_client: Client, device: Device) -> None:
        memory = {"sum": 30 * 2**20, "count": 3, "min": 2**20, "max": 20 * 2**20}
        make_machine().send(
            crash("2026-03-01T10:00:00Z", number_of_crashes=7),
            execution(
                "2026-03-01T10:00:00Z", cpu_time_ms={"sum": 120_000}, real_memory_bytes=memory
            ),
            users=ADA_ROSSI,
            binaries=SOFFICE,
        )
        rollups.roll_up_dirty()

        page = ada_client.get(page_of(Binary.objects.get())).content.decode()

        assert "Crashes by day" in page
        usage = page.split('id="usage"')[1].split("</section>")[0]
        assert "2 min 0 s" in usage
        assert "10 MiB" in usage
        assert "20 MiB" in usage
        assert "today is not drawn yet" in usage
        crashes = page.split('id="crashes"')[1].split("</section>")[0]
        assert ">7<" in crashes

    def test_tells_what_other_is(self, ada_client: Client, paris: Entity) -> None:
        make_machine(paris).send(execution(), users=ADA_ROSSI, binaries={"7": {"name": "other"}})

        page = ada_client.get(page_of(Binary.objects.get())).content.decode()

        assert "This is no program" in page

    def test_costs_the_same_for_many_devices(
        self, ada_client: Client, paris: Entity, django_assert_max_num_queries: Any
    ) -> None:
        for number in range(5):
            program = {"7": {"name": "soffice.bin", "version": str(number)}}
            make_machine(paris).send(execution(), crash(), users=ADA_ROSSI, binaries=program)
        upkeep.refresh_presence(now=NOW)
        address = page_of(Binary.objects.get(version="1"))
        ada_client.get(address)

        with django_assert_max_num_queries(15):
            ada_client.get(address)


class TestCategory:
    def test_is_set_by_who_may(self, ada_client: Client, device: Device) -> None:
        binary = Binary.objects.get()
        address = f"{BINARIES}{binary.pk}/category/"

        shown = ada_client.get(address)
        saved = ada_client.post(
            address, {"product_category": "Office", "product_subcategory": "Documents"}
        )

        binary.refresh_from_db()
        assert (shown.status_code, saved.status_code) == (200, 302)
        assert (binary.product_category, binary.product_subcategory) == ("Office", "Documents")
        [row] = InboxEvent.objects.filter(code=AuditCode.BINARY_CATEGORISED)
        assert (row.object_id, row.actor_label) == (str(binary.uid), "ada")
        assert "Office" in ada_client.get(page_of(binary)).content.decode()

    def test_is_not_set_by_who_may_only_look(
        self, ben: Account, ben_client: Client, device: Device
    ) -> None:
        only(ben, "binaries.view_binary")
        binary = Binary.objects.get()
        address = f"{BINARIES}{binary.pk}/category/"

        answer = ben_client.post(address, {"product_category": "Office"})

        binary.refresh_from_db()
        assert (answer.status_code, binary.product_category) == (403, "")
        assert "category/" not in ben_client.get(page_of(binary)).content.decode()

    def test_refuses_what_does_not_fit(self, ada_client: Client, device: Device) -> None:
        address = f"{BINARIES}{Binary.objects.get().pk}/category/"

        answer = ada_client.post(address, {"product_category": "x" * 256})

        assert answer.status_code == 200
        assert "255" in answer.content.decode()


class TestConnectionPages:
    @pytest.fixture(autouse=True)
    def connections(self, fixed_clock: Any, paris: Entity) -> None:
        """Have a program connect to a server and a printer."""
        configure(destination_domains="on")
        make_machine(paris).send(
            traffic(destination_domain="secret.example"),
            traffic("2026-03-01T10:00:00Z", destination_ip="10.9.8.7", destination_port=9100),
            crash(binary_path="/opt/x"),
            users=ADA_ROSSI,
            binaries=SOFFICE,
        )
        rollups.roll_up_dirty()

    def test_show_destinations(self, ada_client: Client) -> None:
        page = ada_client.get(CONNECTIONS).content.decode()
        days = ada_client.get(CONNECTION_DAYS).content.decode()

        assert "secret.example" in page
        assert "TCP 443" in page
        assert "10.9.8.7" in days

    @pytest.mark.parametrize("model", [ConnectionSample, ConnectionDaily])
    def test_show_a_row(self, ada_client: Client, model: Any) -> None:
        row = model.objects.order_by("bucket").first()
        url = {ConnectionSample: CONNECTIONS, ConnectionDaily: CONNECTION_DAYS}[model]

        page = ada_client.get(f"{url}{address_of(row)}/change/").content.decode()

        assert "10.9.8.7" in page
        assert "intranet" in page

    @pytest.mark.case("access.31")
    @pytest.mark.parametrize("door", ["list", "row"])
    def test_hide_destinations_at_level_3(
        self, ben: Account, ben_client: Client, door: str
    ) -> None:
        assert ben.main_profile is not None
        ben.main_profile.privacy_level = PrivacyLevel.USERS_DEVICES_DESTINATIONS
        ben.main_profile.save()
        row = ConnectionSample.objects.get(destination_domain="secret.example")
        url = {"list": CONNECTIONS, "row": f"{CONNECTIONS}{address_of(row)}/change/"}[door]

        page = ben_client.get(url).content.decode()

        assert "TCP 443" in page
        assert [text for text in ("secret.example", "93.184", "rossi") if text in page] == []

    def test_show_a_crash(self, ada_client: Client) -> None:
        row = ExecutionCrash.objects.get()

        page = ada_client.get(f"{CRASHES}{address_of(row)}/change/").content.decode()

        assert "soffice.bin" in page
        assert "/opt/x" not in page  # only its root may be kept
