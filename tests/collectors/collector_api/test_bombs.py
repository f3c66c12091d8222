"""Bodies that are small on the wire and large in memory."""

import pytest

from apps.devices.models import Boot, Disk
from tests.factories.collectors import Machine, boot, make_machine

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fixed_clock")]

HASH = "a" * 64


@pytest.fixture
def machine(db: None) -> Machine:
    """Return an enrolled machine."""
    return make_machine()


class TestInventory:
    @pytest.mark.parametrize(("items", "stored"), [(500, 500), (501, 0), (50_000, 0)])
    def test_of_too_many_items_is_refused_alone(
        self, machine: Machine, items: int, stored: int
    ) -> None:
        part = {"part": "disks", "hash": HASH, "full": True, "items": [{}] * items}

        response = machine.send(boot(), inventory=[part])

        assert response.status_code == 202
        assert Disk.objects.count() == stored
        assert Boot.objects.count() == 1

    def test_may_have_braces_in_its_names(self, machine: Machine) -> None:
        part = {"part": "disks", "hash": HASH, "full": True, "items": [{"name": "{{{{"}] * 300}

        machine.send(inventory=[part])

        assert Disk.objects.count() == 300


class TestEvents:
    def test_of_millions_of_nothing_are_refused_unread(self, machine: Machine) -> None:
        body = (
            b'{"protocol":1,"epoch":"00000000","sequence":1,"events":[' + b"0," * 700_000 + b"0]}"
        )

        response = machine.client.post(
            "/collector/v1/events", body, content_type="application/json"
        )

        assert (response.status_code, response.json()["code"]) == (413, "too_many_records")

    @pytest.mark.parametrize("depth", [500, 880, 890, 891, 892, 893, 900, 1_000, 5_000])
    def test_nested_without_end_are_refused_alone(self, machine: Machine, depth: int) -> None:
        deep = "[" * depth + "]" * depth
        good = '{"kind":"device_performance.boots","occurred_at":"2026-03-02T11:00:00Z"}'
        bad = good[:-1] + f',"fields":{deep}}}'
        body = f'{{"protocol":1,"epoch":"00000000","sequence":1,"events":[{bad},{good}]}}'

        response = machine.client.post(
            "/collector/v1/events", body, content_type="application/json"
        )

        assert response.status_code in (202, 400)
        assert response.status_code != 202 or Boot.objects.count() == 1
