"""One batch is stored once, whatever happens around it."""

import json
from datetime import date, datetime
from functools import partial
from typing import Any

import pytest
from rest_framework.test import APIClient

from apps.binaries.models import Binary, ExecutionDaily, ExecutionSample
from apps.collectors.models import Collector
from apps.collectors.services import batches
from apps.devices.models import Boot
from apps.events import dimensions, rollups
from apps.events.models import DirtyDay, ReceivedBatch
from apps.users.models import User
from tests.conftest import NOW
from tests.events.sessions import at_once
from tests.factories.collectors import (
    ADA_ROSSI,
    SOFFICE,
    Machine,
    boot,
    collector_of,
    device_of,
    execution,
    make_machine,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fixed_clock")]

DICTIONARIES: dict[str, Any] = {"users": ADA_ROSSI, "binaries": SOFFICE}
BIGGEST = 2**63 - 1


@pytest.fixture
def machine(db: None, fixed_clock: datetime) -> Machine:
    """Return an enrolled machine."""
    return make_machine()


def post(machine: Machine, batch: dict[str, Any]) -> Any:
    """Post a batch with a client of this thread."""
    client = APIClient()
    client.credentials(**machine.client._credentials)  # type: ignore[attr-defined]
    return client.post("/collector/v1/events", batch, format="json")


class TestIdentity:
    @pytest.mark.case("data-model.4")
    def test_counts_a_repeat_once_and_adds_two_batches_up(self, machine: Machine) -> None:
        yesterday = execution("2026-03-01T11:30:00Z", cpu_time_ms={"sum": 5})
        first = machine.batch(yesterday, **DICTIONARIES)
        second = machine.batch(yesterday, **DICTIONARIES)

        [machine.post(batch) for batch in (first, first, second, second)]
        rollups.roll_up_dirty()

        assert ExecutionSample.objects.count() == 2
        daily = ExecutionDaily.objects.get()
        assert (daily.cpu_time_ms_sum, daily.cpu_time_ms_count) == (10, 2)

    def test_is_of_the_device(self, machine: Machine) -> None:
        batch = machine.batch(boot())
        machine.post(batch)

        make_machine().post(batch)

        assert Boot.objects.count() == 2

    @pytest.mark.parametrize(
        "change", [{"epoch": "00000000"}, {"epoch": "0" * 32}, {"sequence": BIGGEST}]
    )
    def test_is_epoch_and_sequence(self, machine: Machine, change: dict[str, Any]) -> None:
        batch = machine.batch(boot())
        machine.post(batch)

        machine.post(batch | change)

        assert Boot.objects.count() == 2

    @pytest.mark.parametrize("epoch", ["0" * 32 + "\n", "0" * 8 + "\n", "0" * 33, "0" * 7, ""])
    def test_has_no_other_epoch(self, machine: Machine, epoch: str) -> None:
        response = machine.post(machine.batch(boot()) | {"epoch": epoch})

        assert response.status_code == 422
        assert response.json()["errors"][0]["pointer"] == "/epoch"

    def test_answers_a_repeat_as_the_first_time_even_with_another_body(
        self, machine: Machine
    ) -> None:
        batch = machine.batch(boot())
        first = machine.post(batch)

        second = machine.post(batch | {"events": []})

        assert first.content == second.content

    @pytest.mark.case("collector.22")
    def test_stores_each_row_once_when_everything_is_sent_again(self, machine: Machine) -> None:
        sent = [machine.batch(boot(), boot()) for _ in range(3)]
        [machine.post(batch) for batch in sent[:2]]

        statuses = [machine.post(batch).status_code for batch in sent]

        assert statuses == [202] * 3
        assert Boot.objects.count() == 6

    def test_of_a_repeat_makes_no_user_anew_that_was_erased(self, machine: Machine) -> None:
        batch = machine.batch(execution(), **DICTIONARIES)
        machine.post(batch)
        [model.objects.all().delete() for model in (User, Binary)]
        dimensions.bump()

        response = machine.post(batch)

        assert response.status_code == 202
        assert not User.objects.exists()
        assert not Binary.objects.exists()


class TestAnswer:
    def test_counts_refusals_by_code_where_they_are_many(self, machine: Machine) -> None:
        wrong = [boot(duration_ms=-1)] * 200 + [{"kind": "no.such"}] * 3
        batch = machine.batch(*wrong, boot())

        first, second = machine.post(batch), machine.post(batch)

        assert first.json()["refused"] == []
        assert first.json()["refused_by_code"] == {"invalid": 200, "unknown_kind": 3}
        assert first.json()["accepted"] == 1
        assert len(ReceivedBatch.objects.get().answer) <= 4_096
        assert first.content == second.content

    def test_asks_for_a_part_once(self, machine: Machine) -> None:
        heartbeat = {"part": "disks", "hash": "a", "base": "a"}

        response = machine.send(inventory=[heartbeat] * 3)

        assert response.json()["need_full"] == ["disks"]

    @pytest.mark.parametrize("member", ["inventory", "dropped"])
    def test_takes_no_endless_lists_beside_the_records(self, machine: Machine, member: str) -> None:
        many: dict[str, Any] = {
            "inventory": [{"part": "disks", "hash": "a"}] * 101,
            "dropped": {f"kind {number}": 1 for number in range(101)},
        }

        response = machine.send(boot(), **{member: many[member]})

        assert response.status_code == 422


class TestMarks:
    def test_a_closed_day_of_the_instance_zone(self, machine: Machine, settings: Any) -> None:
        settings.TIME_ZONE = "Pacific/Auckland"  # there 3 March began an hour ago

        machine.send(
            execution("2026-03-02T10:45:00Z"), execution("2026-03-02T11:00:00Z"), **DICTIONARIES
        )

        assert DirtyDay.objects.get().day == date(2026, 3, 2)

    def test_nothing_where_no_sample_came(self, machine: Machine) -> None:
        machine.send(boot("2026-03-01T11:00:00Z"))

        assert not DirtyDay.objects.exists()


@pytest.mark.usefixtures("clean_database")
class TestAtOnce:
    @pytest.mark.case("collector.3")
    def test_stores_a_batch_once_that_comes_twice_at_the_same_time(self) -> None:
        machine = make_machine()
        batch = machine.batch(boot(), execution(), **DICTIONARIES)

        first, second = at_once(lambda: post(machine, batch), lambda: post(machine, batch))

        assert (first.status_code, second.status_code) == (202, 202)
        assert first.content == second.content
        assert (Boot.objects.count(), ExecutionSample.objects.count()) == (1, 1)

    def test_does_so_with_a_record_that_only_postgresql_refuses(self) -> None:
        machine = make_machine()
        disks = {"part": "disks", "hash": "1", "full": True, "items": [{"name": "a\x00b"}]}
        batch = machine.batch(boot(), inventory=[disks])

        answers = at_once(*[lambda: post(machine, batch)] * 3)

        assert [answer.status_code for answer in answers] == [202] * 3
        assert Boot.objects.count() == 1

    def test_takes_several_batches_of_one_device_without_a_deadlock(self) -> None:
        machine = make_machine()
        parts = [
            {"part": "hardware", "hash": "1", "full": True, "fields": {}},
            {"part": "disks", "hash": "1", "full": True, "items": [{"name": "sda"}] * 20},
        ]
        yesterday = execution("2026-03-01T11:30:00Z")
        sent = [
            batch
            for _ in range(3)
            for batch in (
                machine.batch(boot(), yesterday, **DICTIONARIES, inventory=parts),
                machine.batch(yesterday, **DICTIONARIES),
            )
        ]

        answers = at_once(*[partial(post, machine, batch) for batch in sent])

        assert [answer.status_code for answer in answers] == [202] * 6
        assert (Boot.objects.count(), ExecutionSample.objects.count()) == (3, 6)

    def test_tells_a_collector_what_became_of_it_meanwhile(self) -> None:
        machine = make_machine()
        collector = collector_of(machine)
        Collector.objects.update(state="revoked")

        with pytest.raises(Exception, match="revoked") as refusal:
            batches.receive_batch(
                collector=collector,
                body=b'{"protocol": 1, "epoch": "00000000", "sequence": 1}',
                received_at=NOW,
            )

        assert refusal.value.code == "collector_revoked"  # type: ignore[attr-defined]
        assert not ReceivedBatch.objects.exists()

    def test_stores_nothing_of_a_device_that_is_erased_meanwhile(self) -> None:
        machine = make_machine()
        collector = collector_of(machine)
        device_of(machine).delete()
        body = json.dumps(machine.batch(execution(), **DICTIONARIES)).encode()

        with pytest.raises(Exception, match="erased") as refusal:
            batches.receive_batch(collector=collector, body=body, received_at=NOW)

        assert refusal.value.code == "device_erased"  # type: ignore[attr-defined]
        assert not User.objects.exists()
