"""Pages of lists, from whichever end they are read."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.paginator import EmptyPage, Paginator
from django.db import connection
from django.db.models import F
from django.test import Client
from django.test.utils import CaptureQueriesContext

from apps.core.admin import paging
from apps.core.admin.paging import EndsPaginator
from apps.devices.models import Device
from apps.organization.models import Entity
from tests.conftest import NOW
from tests.core.devices import make_device

pytestmark = pytest.mark.django_db

LIST = "/admin/devices/device/"
ORDERS = [
    ["name", "-pk"],
    ["-last_seen_at", "-pk"],
    ["hardware_memory_bytes", "-pk"],
    ["-hardware_memory_bytes", "pk"],
    [F("hardware_memory_bytes").desc(nulls_last=True), "pk"],
    [F("hardware_memory_bytes").asc(nulls_first=True), "pk"],
    ["entity__name", "hardware_memory_bytes", "-pk"],
]


@pytest.fixture
def fleet(paris: Entity, lyon: Entity) -> None:
    """Make 23 devices, full of ties and of unknown memory."""
    for number in range(23):
        make_device(
            f"laptop-{number % 7}",
            lyon if number % 3 else paris,
            hardware_memory_bytes=None if number % 4 == 0 else number % 5,
            hardware_type="desktop" if number % 2 else "laptop",
            last_seen_at=NOW + timedelta(minutes=number % 6),
        )


@pytest.fixture(params=[1_000, 4], ids=["near", "far"])
def far(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    """Try what is far from both ends on a short list."""
    monkeypatch.setattr(paging, "FAR_ROWS", request.param)
    return int(request.param)


def keys(paginator: Paginator[Any]) -> list[list[int]]:
    """Return the keys of the rows of each page."""
    return [[row.pk for row in page.object_list] for page in paginator]


def listed(client: Client, query: dict[str, str]) -> Any:
    """Return the list that an address shows."""
    return client.get(LIST, query).context["cl"]


@pytest.mark.usefixtures("fleet", "far")
class TestEndsPaginator:
    @pytest.mark.parametrize("order", ORDERS, ids=str)
    @pytest.mark.parametrize("size", [1, 5, 23, 40])
    def test_has_the_rows_of_djangos_own(self, order: list[Any], size: int) -> None:
        rows = Device.objects.select_related("entity").order_by(*order)

        assert keys(EndsPaginator(rows, size)) == keys(Paginator(rows, size))

    def test_leaves_a_short_rest_to_the_page_before(self) -> None:
        rows = Device.objects.order_by("pk")

        assert keys(EndsPaginator(rows, 5, orphans=3)) == keys(Paginator(rows, 5, orphans=3))

    def test_has_no_page_past_the_last(self) -> None:
        with pytest.raises(EmptyPage):
            EndsPaginator(Device.objects.order_by("pk"), 5).page(6)

    def test_has_one_empty_page_of_nothing(self) -> None:
        page = EndsPaginator(Device.objects.none().order_by("pk"), 5).page(1)

        assert list(page.object_list) == []


@pytest.mark.usefixtures("fleet")
class TestLongWay:
    def test_is_not_walked_to_the_last_page(self) -> None:
        with CaptureQueriesContext(connection) as asked:
            EndsPaginator(Device.objects.order_by("name", "pk"), 5).page(5)

        sql = asked.captured_queries[-1]["sql"]
        assert "OFFSET" not in sql
        assert 'ORDER BY "devices_device"."name" DESC, "devices_device"."id" DESC LIMIT 3' in sql

    def test_is_walked_by_keys_to_the_middle(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(paging, "FAR_ROWS", 4)
        rows = Device.objects.select_related("entity").order_by("pk")

        with CaptureQueriesContext(connection) as asked:
            page = EndsPaginator(rows, 5).page(3)
            names = [device.entity.name for device in page.object_list]

        assert len(names) == 5
        _count, walk, read = [query["sql"] for query in asked.captured_queries]
        assert "DESC LIMIT 5 OFFSET 8" in walk  # 8 come after, 10 before
        assert "JOIN" not in walk
        assert "OFFSET" not in read


@pytest.mark.usefixtures("fleet", "far")
class TestListPages:
    @pytest.mark.parametrize("order", ["", *[str(n) for n in range(1, 8)], "-2", "-4", "-6.1"])
    @pytest.mark.parametrize(
        "narrowed", [{}, {"hardware_type__exact": "laptop"}, {"q": "laptop-1"}], ids=str
    )
    def test_show_each_device_once_and_in_order(
        self,
        ada_client: Client,
        monkeypatch: pytest.MonkeyPatch,
        order: str,
        narrowed: dict[str, str],
    ) -> None:
        monkeypatch.setattr("apps.devices.admin.devices.DeviceAdmin.list_per_page", 3)
        first = listed(ada_client, {**narrowed, "o": order})
        whole = [device.pk for device in first.queryset]

        pages = [
            listed(ada_client, {**narrowed, "o": order, "p": str(number)})
            for number in first.paginator.page_range
        ]

        assert [device.pk for page in pages for device in page.result_list] == whole
        assert len(set(whole)) == len(whole) >= 3
