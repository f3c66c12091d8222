"""A batch on its whole way: stored as one or not at all, once, at its true times."""

import gzip
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import zstandard
from django.db import connection
from rest_framework.response import Response

from apps.binaries.models import InstalledPackage
from apps.collectors.models import Collector, RefusalCount
from apps.devices.models import Boot, InventoryPart, PerformanceSample
from apps.events.models import ReceivedBatch
from tests.conftest import NOW
from tests.factories.collectors import (
    ADA_ROSSI,
    SOFFICE,
    Machine,
    boot,
    device_of,
    execution,
    make_machine,
    performance,
)
from tests.factories.inventory import part

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fixed_clock")]

URL = "/collector/v1/events"
CAPACITY = 2**63 - 1


@pytest.fixture
def machine(db: None, fixed_clock: datetime) -> Machine:
    """Return an enrolled machine."""
    return make_machine()


def post(machine: Machine, body: bytes, encoding: str = "", **headers: str) -> Response:
    """Post raw bytes."""
    sent = {"Content-Encoding": encoding, **headers}
    return machine.client.post(URL, body, content_type="application/json", headers=sent)


def forbid(condition: str) -> None:
    """Let PostgreSQL refuse boots that we would store."""
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE devices_boot ADD CONSTRAINT boot_check CHECK ({condition})")


class TestCarefulPath:
    @pytest.mark.case("collector.23")
    def test_refuses_alone_what_only_postgresql_refuses(self, machine: Machine) -> None:
        forbid("duration_ms <> 7")

        response = machine.send(boot(duration_ms=7), boot(duration_ms=8), performance())

        assert response.status_code == 202
        assert response.json()["accepted"] == 2
        assert response.json()["refused"] == [
            {"index": 0, "code": "not_storable", "pointer": "/events/0"}
        ]
        assert Boot.objects.get().duration_ms == 8
        assert RefusalCount.objects.get().code == "not_storable"

    def test_gives_a_repeat_the_same_answer(self, machine: Machine) -> None:
        forbid("duration_ms <> 7")
        batch = machine.batch(boot(duration_ms=7), boot(duration_ms=8))

        first, second = machine.post(batch), machine.post(batch)

        assert first.content == second.content
        assert Boot.objects.count() == 1

    def test_remembers_no_boot_that_was_refused(self, machine: Machine) -> None:
        forbid("duration_ms <> 7")

        machine.send(boot(duration_ms=7))

        assert device_of(machine).boot_last_full_boot_time_at is None

    def test_refuses_an_inventory_part_alone(self, machine: Machine) -> None:
        name = {"name": "a\x00b"}
        disks = {"part": "disks", "hash": "1" * 64, "full": True, "items": [name]}
        volumes = {"part": "volumes", "hash": "2" * 64, "full": True, "items": []}

        response = machine.send(boot(), inventory=[disks, volumes])

        assert response.json()["refused"] == [
            {"index": 0, "code": "not_storable", "pointer": "/inventory/0"}
        ]
        assert InventoryPart.objects.get().part == "volumes"
        assert Boot.objects.count() == 1

    @pytest.mark.parametrize(
        "report",
        [
            {"part": "hardware", "hash": "a\x00", "base": "a\x00"},
            {"part": "hardware", "hash": "a" * 65, "full": True, "fields": {}},
            {"part": "no\x00such", "hash": "a"},
            {"part": "x" * 10_000, "hash": "a"},
            {"part": "hardware", "hash": "a", "full": True},
            {"part": "hardware", "hash": "a", "full": True, "fields": {"coffee": 1}},
            {"part": "disks", "hash": "a", "full": True, "items": {}},
            [],
        ],
    )
    def test_refuses_a_wrong_report_alone(self, machine: Machine, report: Any) -> None:
        response = machine.send(boot(), inventory=[report])

        assert response.status_code == 202
        assert len(response.json()["refused"]) == 1
        assert Boot.objects.count() == 1

    def test_counts_reports_of_unknown_parts_under_one_name(self, machine: Machine) -> None:
        machine.send(inventory=[{"part": "a", "hash": "a"}, {"part": "b", "hash": "b"}])

        count = RefusalCount.objects.get()
        assert (count.kind, count.code, count.number) == ("inventory", "unknown_part", 2)


class TestMetrics:
    @pytest.mark.case("data-model.9")
    def test_refuses_a_gauge_whose_least_is_above_its_greatest(self, machine: Machine) -> None:
        upside_down = performance()
        upside_down["metrics"]["used_memory_bytes"] = {"sum": 3, "count": 1, "min": 2, "max": 1}

        response = machine.send(performance(), upside_down)

        assert response.json()["accepted"] == 1
        assert response.json()["refused"] == [
            {"index": 1, "code": "invalid", "pointer": "/events/1/metrics/used_memory_bytes/min"}
        ]

    def test_bears_a_batch_without_one_good_record(self, machine: Machine) -> None:
        upside_down = performance()
        upside_down["metrics"]["used_memory_bytes"] = {"sum": 3, "count": 1, "min": 2, "max": 1}

        response = machine.send(upside_down)

        assert response.status_code == 202
        assert response.json()["accepted"] == 0
        assert not PerformanceSample.objects.exists()


class TestMissingPartition:
    @pytest.fixture
    def gone(self, machine: Machine) -> None:
        """Take away the partition of today's boots."""
        with connection.cursor() as cursor:
            cursor.execute("DROP TABLE devices_boot_p20260302")

    @pytest.mark.usefixtures("gone")
    def test_answers_503_and_stores_nothing(self, machine: Machine) -> None:
        response = machine.send(performance(), boot())

        assert response.status_code == 503
        assert response.json()["code"] == "no_partition"
        assert 60 <= int(response["Retry-After"]) <= 80
        assert not PerformanceSample.objects.exists()
        assert not ReceivedBatch.objects.exists()

    @pytest.mark.usefixtures("gone")
    def test_takes_the_same_batch_when_it_is_made(self, machine: Machine) -> None:
        from apps.events import partitions

        batch = machine.batch(performance(), boot())
        machine.post(batch)
        partitions.apply(partitions.make_plan(now=NOW))

        response = machine.post(batch)

        assert response.json()["accepted"] == 2


class TestEncodings:
    @pytest.mark.parametrize("encoding", ["gzip", "zstd"])
    def test_reads_compressed_bodies(self, machine: Machine, encoding: str) -> None:
        body = json.dumps(machine.batch(boot())).encode()
        bodies = {"gzip": gzip.compress(body), "zstd": zstandard.compress(body)}

        assert post(machine, bodies[encoding], encoding).status_code == 202

    @pytest.mark.parametrize(
        ("body", "encoding", "status"),
        [
            (gzip.compress(bytes(200_000)), "gzip", 413),
            (zstandard.compress(bytes(200_000)), "zstd", 413),
            (gzip.compress(b'{"protocol": 1}')[:-3], "gzip", 400),
            (zstandard.compress(b'{"protocol": 1}')[:-3], "zstd", 400),
            (b"", "zstd", 400),
            (b"{}", "gzip", 400),
            (b"{}", "br", 415),
        ],
    )
    def test_refuses_others(
        self, machine: Machine, body: bytes, encoding: str, status: int
    ) -> None:
        assert post(machine, body, encoding).status_code == status
        assert not ReceivedBatch.objects.exists()

    def test_refuses_another_content_type(self, machine: Machine) -> None:
        response = machine.client.post(URL, b"{}", content_type="text/plain")

        assert (response.status_code, response.json()["code"]) == (415, "wrong_content_type")

    def test_refuses_too_many_records(self, machine: Machine) -> None:
        response = machine.send(*[boot()] * 2_001)

        assert (response.status_code, response.json()["code"]) == (413, "too_many_records")
        assert not Boot.objects.exists()

    def test_refuses_a_claim_of_too_many_bytes_unread(self, machine: Machine) -> None:
        response = post(machine, b"{}", CONTENT_LENGTH="5000001")

        assert response.status_code == 413


class TestClock:
    @pytest.mark.case("collector.16")
    def test_moves_times_of_a_clock_that_is_two_days_behind(self, machine: Machine) -> None:
        response = machine.send(
            boot("2026-02-28T11:00:00Z"),
            performance("2026-02-28T11:55:00Z"),
            device_clock="2026-02-28T11:58:00Z",
        )

        assert response.json()["accepted"] == 2
        assert response.json()["clock_offset_ms"] == (2 * 86_400 + 120) * 1_000
        assert Boot.objects.get().occurred_at == datetime(2026, 3, 2, 11, 2, tzinfo=UTC)
        # Shifted by two minutes too many for the grid, it is put on it.
        assert PerformanceSample.objects.get().bucket == datetime(2026, 3, 2, 11, 55, tzinfo=UTC)

    @pytest.mark.case("collector.16")
    def test_marks_the_device_by_its_offset(self, machine: Machine) -> None:
        machine.send(device_clock="2026-02-28T12:00:00Z")

        offset = timedelta(milliseconds=Collector.objects.get().clock_offset_ms)
        assert offset == timedelta(days=2)
        assert device_of(machine).last_seen_at == NOW

    def test_takes_half_the_round_trip_off(self, machine: Machine) -> None:
        response = machine.send(device_clock="2026-03-02T11:59:00Z", round_trip_ms=2_000)

        assert response.json()["clock_offset_ms"] == 59_000

    @pytest.mark.parametrize("clock", ["2026-03-02T11:58:30Z", "2026-03-02T12:01:30Z"])
    def test_leaves_times_alone_within_the_tolerance(self, machine: Machine, clock: str) -> None:
        machine.send(boot(), device_clock=clock)

        assert Boot.objects.get().occurred_at == datetime(2026, 3, 2, 11, 0, tzinfo=UTC)

    def test_moves_times_of_a_clock_that_is_ahead(self, machine: Machine) -> None:
        machine.send(boot("2026-03-04T11:00:00Z"), device_clock="2026-03-04T12:00:00Z")

        assert Boot.objects.get().occurred_at == datetime(2026, 3, 2, 11, 0, tzinfo=UTC)

    @pytest.mark.case("collector.16")
    def test_moves_times_inside_the_inventory(self, machine: Machine) -> None:
        system = {
            "platform": "linux",
            "installation_time": "2025-01-10T08:00:00Z",
            "last_update": "2026-02-20T08:00:00Z",
            "last_full_boot_time": "2026-02-28T06:00:00Z",
        }
        package = {"name": "LibreOffice", "installation_time": "2026-02-20T08:00:00Z"}

        machine.send(
            inventory=[part("operating_system", system), part("packages", [package])],
            device_clock="2026-02-28T12:00:00.300Z",
        )

        device = device_of(machine)
        two_days = timedelta(days=2)
        assert device.operating_system_installation_time_at == two_days + datetime(
            2025, 1, 10, 8, tzinfo=UTC
        )
        updated = two_days + datetime(2026, 2, 20, 8, tzinfo=UTC)
        assert device.operating_system_last_update_at == updated
        assert device.boot_last_full_boot_time_at == datetime(2026, 3, 2, 6, tzinfo=UTC)
        assert InstalledPackage.objects.get().installation_time_at == updated

    def test_refuses_alone_what_leaves_the_calendar(self, machine: Machine) -> None:
        package = {"name": "LibreOffice", "installation_time": "9999-12-31T23:00:00Z"}

        answer = machine.send(
            boot("2026-02-28T11:00:00Z"),
            inventory=[part("packages", [package])],
            device_clock="2026-02-28T12:00:00Z",
        ).json()

        assert answer["accepted"] == 1
        assert [refused["code"] for refused in answer["refused"]] == ["invalid"]

    @pytest.mark.parametrize(
        "clock", ["0001-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"]
    )
    def test_bears_a_clock_at_the_end_of_time(self, machine: Machine, clock: str) -> None:
        response = machine.send(boot(clock), boot(), device_clock=clock)

        assert response.status_code == 202
        assert response.json()["accepted"] + len(response.json()["refused"]) == 2

    @pytest.mark.case("data-model.7")
    @pytest.mark.parametrize(
        "record",
        [
            boot("2026-01-31T11:59:59.999Z"),
            performance("2026-01-31T11:55:00Z"),
            execution("2026-02-16T11:45:00Z"),
        ],
    )
    def test_refuses_what_is_past_its_term(self, machine: Machine, record: dict[str, Any]) -> None:
        response = machine.send(record, users=ADA_ROSSI, binaries=SOFFICE)

        assert [refusal["code"] for refusal in response.json()["refused"]] == ["too_old"]
