"""Batches during which a configuration changes or a person is erased."""

from typing import Any

import pytest
from django.db import IntegrityError
from psycopg.errors import UniqueViolation

from apps.collectors.authentication import CollectorTokenAuthentication
from apps.collectors.services import batches
from apps.core import generations
from apps.core.statements import Statement
from apps.devices.models import Boot
from apps.events import dimensions
from apps.events import services as events
from apps.events.models import ReceivedBatch
from apps.users.models import Login
from tests.factories.collectors import ADA_ROSSI, Machine, boot, configure, login, make_machine
from tests.locking import another_session

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fixed_clock")]


@pytest.fixture
def machine(db: None) -> Machine:
    """Return an enrolled machine."""
    return make_machine()


def after_authentication(monkeypatch: pytest.MonkeyPatch, change: Any) -> None:
    """Do `change` between a request's authentication and its work."""
    authenticate = CollectorTokenAuthentication.authenticate

    def changed(self: Any, request: Any) -> Any:
        found = authenticate(self, request)
        change()
        return found

    monkeypatch.setattr(CollectorTokenAuthentication, "authenticate", changed)


class TestChangesMeanwhile:
    def test_of_the_configuration_hold_for_the_batch(
        self, machine: Machine, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        after_authentication(monkeypatch, lambda: configure(session_events="off"))

        response = machine.send(login(), boot(), users=ADA_ROSSI)

        assert response.json()["accepted"] == 1
        assert not Login.objects.exists()

    def test_of_the_dimensions_leave_a_repeat_a_repeat(
        self, machine: Machine, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        batch = machine.batch(login(), users=ADA_ROSSI)
        first = machine.post(batch)
        dimensions.forget()
        after_authentication(monkeypatch, dimensions.bump)

        second = machine.post(batch)

        assert (second.status_code, second.content) == (202, first.content)
        assert Login.objects.count() == 1

    def test_without_end_ask_for_patience(
        self, machine: Machine, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from apps.collectors.services import enrolment

        reload = enrolment.reload

        def reload_then_change(collector: Any) -> Any:
            found = reload(collector)
            generations.bump(generations.CONFIGURATION)
            return found

        after_authentication(monkeypatch, lambda: generations.bump(generations.CONFIGURATION))
        monkeypatch.setattr(enrolment, "reload", reload_then_change)

        response = machine.send(boot())

        assert (response.status_code, response.json()["code"]) == (503, "busy")
        assert int(response["Retry-After"]) >= 30
        assert not Boot.objects.exists()
        assert not ReceivedBatch.objects.exists()


NOTE = """
INSERT INTO events_receivedbatch
    (device_id, epoch, sequence, body_hash, answer, clock_offset_ms, received_at)
VALUES (%s, %s, %s, '', '{"accepted":7}', 0, now())
"""


@pytest.mark.django_db(transaction=True)
def test_batch_that_another_request_stores_meanwhile_is_a_repeat(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = events.store

    def store_after_another(**arguments: Any) -> Any:
        with another_session() as other:
            device = arguments["sender"].device_id
            other.execute(NOTE, [device, batch["epoch"], batch["sequence"]])
        return store(**arguments)

    monkeypatch.setattr(events, "store", store_after_another)
    batch = machine.batch(boot())

    response = machine.post(batch)

    assert (response.status_code, response.content) == (202, b'{"accepted":7}')
    assert not Boot.objects.exists()


def test_refusal_of_another_table_keeps_its_cause(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    twice = Statement("INSERT INTO core_generation VALUES (%(version)s, 1), (%(version)s, 1)")
    monkeypatch.setattr(batches, "FINISH", twice)

    response = machine.send(boot())

    (error,) = [record.exc_info[1] for record in caplog.records if record.exc_info]
    assert response.status_code == 500
    assert isinstance(error, IntegrityError)
    assert isinstance(error.__cause__, UniqueViolation)
    assert not Boot.objects.exists()
