"""The fleet in numbers: counted as upkeep, shown on the start page within the view domain."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from apps.core.scope import Scope
from apps.devices import fleet_now
from apps.devices.fleet_now import Numbers, Sort
from apps.devices.models import Device, FleetNow
from apps.events.models import UpkeepRun
from apps.organization.models import Entity
from tests.conftest import NOW
from tests.devices.test_classification import make_devices
from tests.factories.organization import make_entity

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fixed_clock")]

HOME = "/admin/"


def age(name: str, **since: Any) -> None:
    """Let a device have sent its last data so long ago."""
    moment = NOW - timedelta(**since)
    Device.objects.filter(name=name).update(first_seen_at=moment, last_seen_at=moment)


def rows() -> set[tuple[Any, ...]]:
    names = ("entity__name", "platform", "hardware_type", "devices", "active_day", "active_week")
    return set(FleetNow.objects.values_list(*names))


@pytest.fixture
def floor(paris: Entity) -> Entity:
    return make_entity("Floor", paris)


class TestRefresh:
    def test_counts_each_entity_by_itself(self, paris: Entity, floor: Entity) -> None:
        make_devices(3, paris)
        make_devices(1, floor, "laptop")
        Device.objects.filter(name="laptop-0").update(hardware_type="laptop")
        age("lt-1", hours=25)
        age("lt-2", days=8)

        fleet_now.refresh(now=NOW)

        assert rows() == {("Paris", "linux", "", 3, 1, 2), ("Floor", "linux", "laptop", 1, 1, 1)}

    def test_overwrites_what_changed_alone(self, paris: Entity, lyon: Entity) -> None:
        make_devices(2, paris)
        make_devices(1, lyon, "other")
        fleet_now.refresh(now=NOW)
        key = FleetNow.objects.get(entity=paris).pk
        Device.objects.filter(name="other-0").delete()
        Device.objects.filter(name="lt-0").update(operating_system_platform="macos")

        run = fleet_now.refresh(now=NOW)

        assert run
        assert run.counts == {"fleet_written": 2, "fleet_removed": 1}
        assert rows() == {("Paris", "linux", "", 1, 1, 1), ("Paris", "macos", "", 1, 1, 1)}
        assert FleetNow.objects.get(platform="linux").pk == key
        again = fleet_now.refresh(now=NOW)
        assert again
        assert again.counts == {"fleet_written": 0, "fleet_removed": 0}
        assert UpkeepRun.objects.filter(task=fleet_now.TASK).count() == 3

    def test_forgets_who_fell_silent_without_a_report(self, paris: Entity) -> None:
        make_devices(1, paris)
        fleet_now.refresh(now=NOW)

        fleet_now.refresh(now=NOW + timedelta(days=2))
        assert rows() == {("Paris", "linux", "", 1, 0, 1)}


class TestSorts:
    def test_sum_what_a_view_domain_holds(
        self, ada_scope: Scope, ben_scope: Scope, paris: Entity, floor: Entity, lyon: Entity
    ) -> None:
        make_devices(2, paris)
        make_devices(1, floor, "floor")
        make_devices(5, lyon, "lyon")
        fleet_now.refresh(now=NOW)

        assert fleet_now.sorts(ben_scope, NOW) == [Sort("linux", "", 3, 3, 3)]
        assert Numbers.of(fleet_now.sorts(ada_scope, NOW)) == Numbers(8, 8, 8)

    def test_read_no_devices_once_they_were_counted(self, ada_scope: Scope, paris: Entity) -> None:
        make_devices(2, paris)
        fleet_now.refresh(now=NOW)

        with CaptureQueriesContext(connection) as queries:
            fleet_now.sorts(ada_scope, NOW)

        assert len(queries) == 1
        assert "devices_device" not in queries[0]["sql"]

    def test_count_devices_that_have_just_enrolled(self, ben_scope: Scope, paris: Entity) -> None:
        assert fleet_now.sorts(ben_scope, NOW) == []
        make_devices(3, paris)
        age("lt-1", hours=25)
        age("lt-2", days=8)

        found = fleet_now.sorts(ben_scope, NOW)

        assert found == [Sort("linux", "", 3, 1, 2)]
        fleet_now.refresh(now=NOW)
        assert fleet_now.sorts(ben_scope, NOW) == found


class TestHome:
    def test_shows_the_fleet_by_platform_and_type(
        self, ben_client: Client, paris: Entity, lyon: Entity
    ) -> None:
        make_devices(3, paris)
        make_devices(4, lyon, "lyon")
        Device.objects.filter(name="lt-0").update(
            operating_system_platform="macos", hardware_type="laptop"
        )
        age("lt-1", hours=25)
        age("lt-2", days=8)
        fleet_now.refresh(now=NOW)

        page = ben_client.get(HOME).content.decode()

        assert re.search(r"<span>Devices</span><strong>3</strong>", page)
        assert re.search(r"<span>Reporting</span><strong>1</strong>", page)
        assert re.search(r"<span>Silent</span><strong>1</strong>", page)
        assert table_of(page, "Devices by platform") == [
            ["Linux", "2", "0", "1"],
            ["macOS", "1", "1", "1"],
        ]
        assert table_of(page, "Devices by type") == [
            ["not known", "2", "0", "1"],
            ["laptop", "1", "1", "1"],
        ]

    @pytest.mark.parametrize(
        ("word", "names"), [("not known", {"lt-1"}), ("laptop", {"lt-0"}), ("Linux", {"lt-1"})]
    )
    def test_leads_to_the_devices_of_a_sort(
        self, ada_client: Client, paris: Entity, word: str, names: set[str]
    ) -> None:
        make_devices(2, paris)
        Device.objects.filter(name="lt-0").update(
            operating_system_platform="macos", hardware_type="laptop"
        )
        page = ada_client.get(HOME).content.decode()
        found = re.search(rf'href="([^"]+)">{word}</a>', page)
        assert found

        shown = ada_client.get(found[1].replace("&amp;", "&")).content.decode()

        assert {name for name in ("lt-0", "lt-1") if name in shown} == names

    def test_shows_no_numbers_to_strangers(self, cleo_client: Client, paris: Entity) -> None:
        make_devices(2, paris)
        fleet_now.refresh(now=NOW)

        assert "Devices by" not in cleo_client.get(HOME).content.decode()

    def test_shows_none_of_another_view_domain(self, ben_client: Client, lyon: Entity) -> None:
        make_devices(2, lyon)
        fleet_now.refresh(now=NOW)

        page = ben_client.get(HOME).content.decode()

        assert "Devices by" not in page
        assert "No device yet" in page


def table_of(page: str, caption: str) -> list[list[str]]:
    """Return the cells of a table of a page as text."""
    body = page.split(f"<caption>{caption}</caption>")[1].split("<tbody>")[1].split("</tbody>")[0]
    return [
        [re.sub(r"<[^>]+>", "", cell).strip() for cell in re.findall(r"<t[hd].*?</t[hd]>", row)]
        for row in body.split("</tr>")
        if "<td" in row
    ]
