"""The inventory's end: what is silent goes with everything about it, once, and by steps."""

import base64
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import models

from apps.accounts.models import Account
from apps.audit.choices import AuditCode
from apps.audit.models import InboxEvent
from apps.binaries.models import ExecutionDaily, ExecutionSample, Presence
from apps.binaries.upkeep import refresh_presence
from apps.collectors import errors
from apps.collectors.choices import CollectorState, Level, Preset
from apps.collectors.forms import LEGAL_BASES
from apps.collectors.models import Collector, CollectorStub
from apps.collectors.services import batches, changes
from apps.core import generations
from apps.core.approvals import services as approvals
from apps.core.approvals.models import Approval
from apps.core.personal_data import registry
from apps.core.personal_data.registry import own_models
from apps.devices.models import Device
from apps.events import rollups
from apps.events.models import ReceivedBatch
from apps.gdpr import upkeep
from apps.gdpr.services import expiry
from apps.organization.models import Entity
from apps.users.models import User, UserDevice
from tests.conftest import NOW
from tests.factories.collectors import (
    SOFFICE,
    Machine,
    boot,
    collector_of,
    device_of,
    execution,
    login,
    make_machine,
    performance,
)
from tests.factories.inventory import DISKS, HARDWARE, OPERATING_SYSTEM, VOLUMES, part

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fixed_clock")]

DAY = timedelta(days=1)
PEOPLE = {
    "1": {"name": "CORP\\a.rossi", "type": "domain_user"},
    "2": {"name": "CORP\\m.keller", "type": "domain_user"},
}
YESTERDAY = "2026-03-01T11:30:00Z"


def make_busy(entity: Entity | None = None, number: int = 1, users: int = 2) -> Machine:
    """Return a machine that has sent something of everything, yesterday and today."""
    machine = make_machine(
        entity,
        host_name=f"laptop-{number}",
        install_id=f"{number:032x}",
        fingerprints={"machine_id": f"{number:064x}"},
    )
    rows = [
        execution(bucket, user)
        for bucket in (YESTERDAY, "2026-03-02T11:30:00Z")
        for user in range(1, users + 1)
    ]
    answer = machine.send(
        boot(),
        performance(),
        performance("2026-03-01T11:55:00Z"),
        login(),
        {"kind": "device_performance.boots", "occurred_at": "2020-01-01T00:00:00Z"},  # refused
        *rows,
        users=PEOPLE,
        binaries=SOFFICE,
        inventory=[
            part("hardware", HARDWARE),
            part("operating_system", OPERATING_SYSTEM),
            part("disks", DISKS),
            part("volumes", VOLUMES),
        ],
    )
    assert answer.status_code == 202, answer.content
    return machine


def roll_up() -> None:
    """Make the daily rows of yesterday."""
    rollups.close_days(now=NOW)
    rollups.roll_up_dirty(before=NOW)


def silence(machine: Machine, days: int = 91) -> Device:
    """Let a device have been silent for so many days."""
    moment = NOW - days * DAY
    device = device_of(machine)
    Device.objects.filter(pk=device.pk).update(first_seen_at=moment, last_seen_at=moment)
    return device


def rows_about(subject: str, pk: int) -> dict[str, int]:
    """Return the number of rows by table that are about a device or user, without empty ones."""
    found = {
        model._meta.label: model._default_manager.filter(**{column: pk}).count()
        for model, column in registry.tables_of(subject)
    }
    return {label: number for label, number in found.items() if number}


def constrained_links() -> Iterator[Any]:
    """Yield (model, its link) of each foreign key of the database to devices and users."""
    for model in own_models():
        for field in model._meta.local_fields:
            if isinstance(field, models.ForeignKey) and field.related_model in (Device, User):
                yield pytest.param(model, field, id=f"{model._meta.label}.{field.name}")


class TestTables:
    @pytest.mark.parametrize(("model", "field"), list(constrained_links()))
    def test_whatever_points_at_a_device_or_user_goes_with_it(self, model: Any, field: Any) -> None:
        subject = "device" if field.related_model is Device else "user"
        known = registry.classification(model)

        assert known is not None
        assert known.keys.get(subject) == field.attname

    @pytest.mark.parametrize("subject", ["device", "user"])
    def test_whatever_has_a_column_for_it_goes_with_it(self, subject: str) -> None:
        having = {
            model
            for model in own_models()
            if f"{subject}_id" in {f.column for f in model._meta.local_concrete_fields}
        }

        assert having - {model for model, _ in registry.tables_of(subject)} == set()


class TestDevices:
    @pytest.mark.case("data-model.8")
    def test_go_with_everything_about_them(self, paris: Entity) -> None:
        machine, other = make_busy(paris), make_busy(paris, number=2)
        roll_up()
        refresh_presence(now=NOW)
        collector = collector_of(machine)
        kept = rows_about("device", device_of(other).pk)
        device = silence(machine)
        before = rows_about("device", device.pk)

        run = upkeep.purge_inventory(now=NOW)

        assert rows_about("device", device.pk) == {}
        assert rows_about("device", device_of(other).pk) == kept
        assert {"devices.Boot", "binaries.ExecutionDaily", "users.Login"} <= before.keys()
        assert {"events.ReceivedBatch", "collectors.RefusalCount"} <= before.keys()
        assert Presence.objects.get().devices == 2  # a figure without a person
        stub = CollectorStub.objects.get()
        assert (stub.collector_uid, stub.state, stub.day) == (collector.uid, "expired", NOW.date())
        assert run is not None
        assert run.counts["devices_expired"] == 1

    def test_stay_until_their_term_is_over(self) -> None:
        machine = make_busy()
        silence(machine, days=90)

        upkeep.purge_inventory(now=NOW)

        assert device_of(machine)

    def test_stay_where_they_are_heard_again(self, monkeypatch: pytest.MonkeyPatch) -> None:
        machine = make_busy()
        device = silence(machine)
        silent = expiry._silent

        def heard_meanwhile(*args: Any) -> list[int]:
            found = silent(*args)
            Device.objects.update(last_seen_at=NOW)
            return found

        monkeypatch.setattr(expiry, "_silent", heard_meanwhile)
        upkeep.purge_inventory(now=NOW)

        assert Collector.objects.filter(device=device).exists()
        assert rows_about("device", device.pk)["devices.Boot"] == 1

    def test_are_removed_once(self) -> None:
        silence(make_busy())
        upkeep.purge_inventory(now=NOW)

        again = upkeep.purge_inventory(now=NOW)

        assert again is not None
        assert sum(again.counts.values()) == 0

    def test_a_run_that_was_stopped_is_completed(self, monkeypatch: pytest.MonkeyPatch) -> None:
        device = silence(make_busy())
        roll_up()
        delete, calls = expiry._delete, iter(range(1_000))

        def stop(*args: Any) -> int:
            if next(calls) == 4:
                raise KeyboardInterrupt
            return delete(*args)

        monkeypatch.setattr(expiry, "_delete", stop)
        with pytest.raises(KeyboardInterrupt):
            expiry.purge_inventory(now=NOW)
        monkeypatch.setattr(expiry, "_delete", delete)
        left = rows_about("device", device.pk)

        expiry.purge_inventory(now=NOW)

        assert "devices.Device" in left
        assert rows_about("device", device.pk) == {}

    @pytest.mark.parametrize(
        ("state", "stub"),
        [
            (CollectorState.REVOKED, "revoked"),
            (CollectorState.UNENROLLED, "revoked"),
            (CollectorState.ERASED, "erased"),
        ],
    )
    def test_leave_a_stub_that_tells_what_the_collector_was(
        self, state: CollectorState, stub: str
    ) -> None:
        machine = make_busy()
        Collector.objects.update(state=state)
        silence(machine)

        upkeep.purge_inventory(now=NOW)

        assert CollectorStub.objects.get().state == stub

    def test_take_along_the_rights_that_somebody_held_there(self) -> None:
        gone, kept = make_busy(number=1), make_busy(number=2)
        account = {"name": "CORP\\a.rossi", "type": "domain_user"}
        gone.send(inventory=[part("users", [{**account, "rights": "administrator"}])])
        kept.send(inventory=[part("users", [{**account, "rights": "standard"}])])
        silence(gone)

        upkeep.purge_inventory(now=NOW)

        assert User.objects.get(name="a.rossi@CORP").rights == "standard"

    def test_leave_a_trace_in_the_audit_log(self) -> None:
        silence(make_busy())

        upkeep.purge_inventory(now=NOW)

        event = InboxEvent.objects.get(code=AuditCode.RETENTION_PURGED)
        assert event.detail["devices_expired"] == 1
        assert event.subjects == []

    def test_are_not_believed_silent_by_a_clock_that_jumped(self) -> None:
        from apps.events import upkeep as events

        machine = make_busy()
        events.rotate_partitions(now=NOW)

        upkeep.purge_inventory(now=NOW + 200 * DAY)

        assert device_of(machine)


class TestBackFromLeave:
    @pytest.mark.case("data-model.8")
    def test_a_laptop_enrols_by_its_device_key_alone(self, paris: Entity) -> None:
        old = make_busy(paris)
        uid = str(collector_of(old).uid)
        silence(old)
        upkeep.purge_inventory(now=NOW)

        sent = old.send(boot())
        asked = old.client.post("/collector/v1/token", {"collector_id": uid}, format="json")
        new = Machine(install_id="1" * 32)
        message = b"dex-reenrol-v1\0" + new.public_key + new.install_id.encode()
        signature = base64.b64encode(old.private_key.sign(message)).decode()
        enrolled = new.enrol(None, previous={"collector_id": uid, "signature": signature})

        assert (sent.status_code, sent.json()["code"]) == (401, "token_invalid")
        assert (asked.status_code, asked.json()["code"]) == (401, "device_expired")
        assert enrolled.status_code == 201
        assert new.send(boot()).json()["accepted"] == 1
        assert rows_about("device", device_of(new).pk)["devices.Boot"] == 1

    def test_a_batch_under_way_is_told_that_the_device_has_expired(self) -> None:
        machine = make_busy()
        collector = collector_of(machine)
        silence(machine)
        upkeep.purge_inventory(now=NOW)
        body = b'{"protocol":1,"epoch":"6f1c2a549d0e4b57","sequence":9,"boot_id":"b","collector_version":"1","events":[]}'

        with pytest.raises(errors.DeviceExpired):  # "erased" would empty its spool for good
            batches.receive_batch(collector=collector, body=body, received_at=NOW)

        assert not ReceivedBatch.objects.exists()


class TestUsers:
    @pytest.fixture
    def machine(self, db: None) -> Machine:
        """Return a machine of two users, of whom one has left 91 days ago."""
        machine = make_busy()
        roll_up()
        gone = User.objects.get(username="m.keller")
        moment = NOW - 91 * DAY
        User.objects.filter(pk=gone.pk).update(first_seen_at=moment, last_seen_at=moment)
        return machine

    def test_go_from_devices_that_stay(self, machine: Machine) -> None:
        gone, kept = User.objects.get(username="m.keller"), User.objects.get(username="a.rossi")
        before = rows_about("user", kept.pk)

        run = upkeep.purge_inventory(now=NOW)

        assert rows_about("user", gone.pk) == {}
        assert rows_about("user", kept.pk) == before
        assert ExecutionDaily.objects.filter(user_id=kept.pk).count() == 1
        assert device_of(machine)
        assert run is not None
        assert (run.counts["users_expired"], run.counts["devices_expired"]) == (1, 0)

    def test_leave_rows_of_nobody(self, machine: Machine) -> None:
        ExecutionSample.objects.filter(user__username="a.rossi").update(user=None)
        before = ExecutionSample.objects.filter(user=None).count()

        upkeep.purge_inventory(now=NOW)

        assert ExecutionSample.objects.filter(user=None).count() == before == 2

    def test_come_back_as_somebody_new(self, machine: Machine) -> None:
        old = User.objects.get(username="m.keller").pk
        generation = generations.read(generations.DIMENSIONS)
        upkeep.purge_inventory(now=NOW)

        answer = machine.send(
            execution("2026-03-02T11:45:00Z", user=2), users=PEOPLE, binaries=SOFFICE
        )

        assert answer.json()["accepted"] == 1
        assert generations.read(generations.DIMENSIONS) == generation + 1
        again = User.objects.get(username="m.keller")
        assert again.pk != old
        assert ExecutionSample.objects.get(user_id=again.pk)
        assert UserDevice.objects.filter(user=again).count() == 1

    def test_go_with_their_only_device(self) -> None:
        machine = make_busy()
        silence(machine)
        moment = NOW - 91 * DAY
        User.objects.update(first_seen_at=moment, last_seen_at=moment)

        upkeep.purge_inventory(now=NOW)

        assert not User.objects.exists()


class TestApprovals:
    def test_of_a_device_that_expires_lapse(self, ada: Account, paris: Entity) -> None:
        machine = make_busy(paris)
        changes.change_configuration(
            level=Level.DEVICE,
            device=device_of(machine),
            preset=Preset.CUSTOM,
            values={"focus_time": "on"},
            legal_basis=LEGAL_BASES[0],
            purpose="Fewer slow devices",
            actor=ada,
            now=NOW,
        )
        silence(machine)
        upkeep.purge_inventory(now=NOW)

        lapsed = approvals.lapse_due(now=NOW + 4 * DAY)

        assert lapsed == 1
        assert not Approval.objects.waiting().exists()
