"""Batches sent by collectors."""

import gzip
import json
from typing import Any

import pytest
from rest_framework.test import APIClient

from apps.binaries.models import Binary, ExecutionSample
from apps.collectors.models import RefusalCount
from apps.devices.models import Boot, PerformanceSample
from apps.events.models import ReceivedBatch
from apps.users.models import Login, User, UserDevice
from tests.factories.collectors import (
    ADA_ROSSI,
    SOFFICE,
    Machine,
    boot,
    device_of,
    execution,
    login,
    make_machine,
    performance,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fixed_clock")]

URL = "/collector/v1/events"


@pytest.fixture
def machine(db: None) -> Machine:
    """Return an enrolled machine."""
    return make_machine()


class TestEventBatchView:
    def test_stores_a_boot(self, machine: Machine) -> None:
        response = machine.send(boot(duration_ms=31_500))

        assert response.status_code == 202
        assert response.json()["accepted"] == 1
        stored = Boot.objects.get()
        assert (stored.device, stored.duration_ms, stored.source) == (
            device_of(machine),
            31_500,
            "collector",
        )
        assert stored.number_of_boots == 1

    def test_stores_a_performance_bucket(self, machine: Machine) -> None:
        machine.send(performance())

        stored = PerformanceSample.objects.get()
        assert stored.normalized_cpu_usage_ratio_sum == 4.0
        assert stored.normalized_cpu_usage_ratio_count == 10
        assert stored.gpu_usage_ratio_sum is None

    def test_stores_an_execution_with_user_and_binary(self, machine: Machine) -> None:
        machine.send(execution(), users=ADA_ROSSI, binaries=SOFFICE)

        stored = ExecutionSample.objects.get()
        assert stored.cpu_time_ms_sum == 1_500
        assert stored.user == User.objects.get(name="a.rossi@CORP")
        assert stored.binary == Binary.objects.get(name="soffice.bin")
        assert UserDevice.objects.get().device == device_of(machine)

    def test_stores_a_login(self, machine: Machine) -> None:
        machine.send(login(logon_type="interactive"), users=ADA_ROSSI)

        assert Login.objects.get().user.username == "a.rossi"

    def test_keeps_the_good_record_and_names_the_bad_one(self, machine: Machine) -> None:
        response = machine.send(boot(duration_ms=31_500), boot(duration_ms=-1))

        assert response.status_code == 202
        assert response.json()["refused"] == [
            {"index": 1, "code": "invalid", "pointer": "/events/1/fields/duration_ms"}
        ]
        assert Boot.objects.get().duration_ms == 31_500
        count = RefusalCount.objects.get()
        assert (count.kind, count.code, count.number) == ("device_performance.boots", "invalid", 1)

    @pytest.mark.case("collector.3")
    def test_stores_a_resent_batch_once(self, machine: Machine) -> None:
        batch = machine.batch(boot())
        first = machine.post(batch)

        second = machine.post(batch)

        assert (first.status_code, second.status_code) == (202, 202)
        assert first.content == second.content
        assert Boot.objects.count() == 1
        assert ReceivedBatch.objects.count() == 1

    def test_reads_gzip(self, machine: Machine) -> None:
        body = gzip.compress(json.dumps(machine.batch(boot())).encode())

        response = machine.client.post(
            URL, body, content_type="application/json", headers={"Content-Encoding": "gzip"}
        )

        assert response.status_code == 202
        assert Boot.objects.count() == 1

    def test_refuses_a_request_without_a_token(self) -> None:
        response = APIClient().post(URL, {}, format="json")

        assert response.status_code == 401
        assert response["Content-Type"] == "application/problem+json"

    @pytest.mark.case("data-model.9")
    @pytest.mark.parametrize(
        ("record", "code", "pointer"),
        [
            ({"kind": "no.such"}, "unknown_kind", "/events/0/kind"),
            (boot(type="coffee"), "invalid", "/events/0/fields/type"),
            (boot(coffee=1), "unknown_field", "/events/0/fields/coffee"),
            (
                performance(uptime_ms={"sum": -1, "count": 1, "min": 0, "max": 1}),
                "invalid",
                "/events/0/metrics/uptime_ms/sum",
            ),
            (
                performance(uptime_ms={"sum": 1, "count": 1, "min": 2, "max": 1}),
                "invalid",
                "/events/0/metrics/uptime_ms/min",
            ),
            (boot("2026-03-02T14:00:00Z"), "in_future", "/events/0/occurred_at"),
            (boot("2025-03-02T14:00:00Z"), "too_old", "/events/0/occurred_at"),
            (boot("2026-03-02T11:00:00"), "invalid", "/events/0/occurred_at"),
            (performance("2026-03-02T11:55:01Z"), "invalid", "/events/0/bucket"),
            (login(user=2), "unknown_reference", "/events/0/user"),
            (execution(user=None) | {"binary": None}, "invalid", "/events/0/binary"),
            ([], "invalid", "/events/0"),
            (None, "invalid", "/events/0"),
        ],
    )
    def test_refuses_a_wrong_record_alone(
        self, machine: Machine, record: Any, code: str, pointer: str
    ) -> None:
        response = machine.send(record, boot())

        assert response.status_code == 202
        assert response.json()["refused"] == [{"index": 0, "code": code, "pointer": pointer}]
        assert Boot.objects.count() == 1

    @pytest.mark.case("collector.23")
    @pytest.mark.case("data-model.16")
    def test_refuses_what_postgresql_would_refuse_and_keeps_its_neighbours(
        self, machine: Machine
    ) -> None:
        response = machine.send(
            boot(),
            login(session_id="a\x00b"),
            performance(),
            execution(cpu_time_ms={"sum": 2**70}),
            execution(cpu_time_ms={"sum": 5}),
            users=ADA_ROSSI,
            binaries=SOFFICE,
        )

        assert response.json()["accepted"] == 3
        assert response.json()["refused"] == [
            {"index": 1, "code": "not_storable", "pointer": "/events/1/fields/session_id"},
            {"index": 3, "code": "invalid", "pointer": "/events/3/metrics/cpu_time_ms/sum"},
        ]
        assert machine.send(boot("2026-03-02T11:01:00Z")).json()["accepted"] == 1

    @pytest.mark.parametrize(
        ("body", "status", "code"),
        [
            (b"", 400, "unreadable_batch"),
            (b"{", 400, "unreadable_batch"),
            (b"\xff\xfe", 400, "unreadable_batch"),
            (b"[]", 422, "invalid_batch"),
            (b"{}", 422, "invalid_batch"),
            (b'{"protocol": 2, "epoch": "00000000", "sequence": 1}', 422, "invalid_batch"),
            (b'{"protocol": 1, "epoch": "00000000", "sequence": -1}', 422, "invalid_batch"),
            (b'{"protocol": 1, "epoch": "xyz", "sequence": 1}', 422, "invalid_batch"),
        ],
    )
    def test_refuses_an_unreadable_envelope_whole(
        self, machine: Machine, body: bytes, status: int, code: str
    ) -> None:
        response = machine.client.post(URL, body, content_type="application/json")

        assert (response.status_code, response.json()["code"]) == (status, code)
        assert ReceivedBatch.objects.count() == 0
