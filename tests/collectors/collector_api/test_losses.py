"""What a collector says of its losses, and of its clock when a batch had to wait."""

import pytest

from apps.collectors.models import RefusalCount
from apps.devices.models import Boot
from tests.conftest import NOW
from tests.factories.collectors import Machine, boot, collector_of, make_machine

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fixed_clock")]

KIND = "device_performance.boots"


@pytest.fixture
def machine(db: None) -> Machine:
    """Return an enrolled machine."""
    return make_machine()


def lost(kind: str = KIND) -> int:
    """Return how many records of a kind are counted as lost on devices."""
    return RefusalCount.objects.get(origin="collector", kind=kind).number


class TestLosses:
    @pytest.mark.case("collector.5")
    def test_are_counted_once_though_each_batch_tells_the_sum(self, machine: Machine) -> None:
        machine.send(dropped={KIND: 3})

        machine.send(dropped={KIND: 3})
        machine.send(dropped={KIND: 5})

        assert lost() == 5
        assert collector_of(machine).lost_records == {KIND: 5}

    def test_of_a_batch_that_waited_change_nothing(self, machine: Machine) -> None:
        machine.send(dropped={KIND: 5})

        machine.send(dropped={KIND: 2})
        machine.send(dropped={KIND: 5})

        assert lost() == 5

    def test_of_unknown_kinds_are_kept_together(self, machine: Machine) -> None:
        machine.send(dropped={"no.such": 2, "nor.such": 1})

        assert lost("unknown") == 3

    def test_of_inventory_parts_are_kept_by_name(self, machine: Machine) -> None:
        machine.send(dropped={"inventory.disks": 2})

        assert lost("inventory.disks") == 2

    def test_beyond_reason_make_the_envelope_invalid(self, machine: Machine) -> None:
        response = machine.send(dropped={KIND: 10**18})

        assert response.status_code == 422
        assert response.json()["errors"][0]["pointer"] == "/dropped/..."


class TestDeviceClock:
    def test_of_the_request_goes_before_that_of_a_body_that_waited(self, machine: Machine) -> None:
        batch = machine.batch(boot("2026-03-02T08:59:00Z"), device_clock="2026-03-02T09:00:00Z")

        machine.client.post(
            "/collector/v1/events",
            batch,
            format="json",
            headers={"Dex-Device-Clock": NOW.isoformat()},
        )

        assert Boot.objects.get().occurred_at.isoformat() == "2026-03-02T08:59:00+00:00"
        assert collector_of(machine).clock_offset_ms == 0

    def test_of_a_body_alone_moves_nothing_forward(self, machine: Machine) -> None:
        batch = machine.batch(boot("2026-03-02T08:59:00Z"), device_clock="2026-03-02T09:00:00Z")

        machine.client.post("/collector/v1/events", batch, format="json")

        assert Boot.objects.get().occurred_at.isoformat() == "2026-03-02T08:59:00+00:00"
        assert collector_of(machine).clock_offset_ms == 3 * 3_600_000  # seen, and marked

    def test_that_is_no_time_is_refused(self, machine: Machine) -> None:
        response = machine.client.post(
            "/collector/v1/events",
            machine.batch(boot()),
            format="json",
            headers={"Dex-Device-Clock": "noon"},
        )

        assert (response.status_code, response.json()["code"]) == (422, "invalid")
