"""What collectors report on themselves."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from apps.collectors.choices import CollectorEventType
from apps.collectors.models import Collector, CollectorEvent
from apps.core.admin import address_of
from apps.organization.models import Entity
from tests.conftest import NOW
from tests.factories.collectors import Machine, collector_event, device_of, make_machine

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fixed_clock")]

LIST = "/admin/collectors/collectorevent/"


@pytest.fixture
def machine(paris: Entity) -> Machine:
    """Return a machine of Paris."""
    return make_machine(paris)


class TestRecords:
    @pytest.mark.parametrize("type_", CollectorEventType.values)
    def test_of_each_type_are_kept(self, machine: Machine, type_: str) -> None:
        assert machine.send(collector_event(type_)).json()["refused"] == []

        assert CollectorEvent.objects.get().type == type_

    def test_keep_their_figures(self, machine: Machine) -> None:
        figures: dict[str, Any] = {
            "details": "spool 12 %",
            "number_of_records": 7,
            "cpu_usage_ratio": 0.004,
            "memory_bytes": 2**25,
            "traffic_bytes": 9_000,
            "clock_offset_ms": -120_000,
        }

        machine.send(collector_event("health", **figures))

        event = CollectorEvent.objects.get()
        assert {name: getattr(event, name) for name in figures} == figures

    @pytest.mark.case("data-model.9")
    @pytest.mark.parametrize(
        ("fields", "pointer"),
        [
            ({"type": "bored"}, "/events/0/fields/type"),
            ({"type": "paused", "details": "two\nlines"}, "/events/0/fields/details"),
            ({"type": "paused", "number_of_records": -1}, "/events/0/fields/number_of_records"),
        ],
    )
    def test_that_are_wrong_are_refused_alone(
        self, machine: Machine, fields: dict[str, Any], pointer: str
    ) -> None:
        record = collector_event("started") | {"fields": fields}

        answer = machine.send(record, collector_event("started")).json()

        assert [refusal["pointer"] for refusal in answer["refused"]] == [pointer]
        assert CollectorEvent.objects.get().type == "started"


class TestPages:
    def test_list_events_by_what_happened(self, ada_client: Client, machine: Machine) -> None:
        machine.send(
            collector_event("probe_failed", details="wifi timeout"), collector_event("started")
        )

        page = ada_client.get(f"{LIST}?type=probe_failed").content.decode()

        assert "wifi timeout" in page
        assert page.count("dex-moment") == 1

    def test_open_one_event_by_device_time_and_id(
        self, ada_client: Client, machine: Machine
    ) -> None:
        machine.send(collector_event("probe_failed", details="wifi timeout"))
        address = address_of(CollectorEvent.objects.get())

        page = ada_client.get(f"{LIST}{address}/change/").content.decode()

        assert "wifi timeout" in page

    def test_hide_events_of_another_entity(self, ben_client: Client, lyon: Entity) -> None:
        make_machine(lyon).send(collector_event("paused", details="by somebody in Lyon"))

        assert "in Lyon" not in ben_client.get(LIST).content.decode()

    def test_tell_events_on_the_page_of_the_device(
        self, ada_client: Client, machine: Machine
    ) -> None:
        machine.send(
            collector_event("spool_reset", details="disk full"),
            collector_event("health", details="fine"),
        )

        url = f"/admin/devices/device/{device_of(machine).pk}/change/"
        page = ada_client.get(url).content.decode()

        assert "disk full" in page
        assert "fine" not in page.split('id="collector-events"')[1].split("</section>")[0]


class TestVersionKey:
    def test_follows_the_version(self, machine: Machine) -> None:
        machine.send(collector_version="1.10.2")

        assert Collector.objects.get().version_key == [1, 10, 2]

    def test_follows_the_check_in(self, machine: Machine) -> None:
        machine.check_in(**{"Dex-Collector-Version": "2.0"})

        collector = Collector.objects.get()
        assert (collector.version, collector.version_key) == ("2.0", [2, 0])
        assert collector.last_contact_at == NOW + timedelta(0)
