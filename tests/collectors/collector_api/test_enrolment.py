"""Enrolment: who is let in, who is not, and what a lost answer costs."""

import base64
import json
from datetime import datetime
from functools import partial
from typing import Any

import pytest
from rest_framework.test import APIClient

from apps.audit.choices import AuditCode
from apps.audit.models import InboxEvent
from apps.collectors import documents
from apps.collectors.choices import KeyPurpose, Level, Preset
from apps.collectors.models import Collector, CollectorConfiguration, EnrolmentKey
from apps.collectors.services import configuration
from apps.devices.models import Device
from apps.organization.models import Entity
from tests.conftest import NOW
from tests.events.sessions import at_once
from tests.factories.collectors import (
    Machine,
    boot,
    configure,
    make_key,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fixed_clock")]

URL = "/collector/v1/enrol"
ENROL = b"dex-enrol-v1\0"
RE_ENROL = b"dex-reenrol-v1\0"


@pytest.fixture
def configured(db: None) -> None:
    """Have an administrator confirm what is collected."""
    configure()


@pytest.mark.usefixtures("configured")
class TestEnrolment:
    @pytest.mark.case("collector.1")
    def test_makes_device_and_collector(self, paris: Entity) -> None:
        machine = Machine()

        response = machine.enrol(make_key(entity=paris))

        answer, collector = response.json(), Collector.objects.get()
        assert response.status_code == 201
        assert answer["collector_id"] == str(collector.uid)
        assert answer["device_id"] == str(collector.device.uid)
        assert answer["token_expires_at"] == "2026-04-01T12:00:00Z"
        assert (collector.device.name, collector.device.entity) == ("ada-laptop", paris)
        assert bytes(collector.public_key) == machine.public_key
        assert EnrolmentKey.objects.get().uses == 1
        assert machine.send(boot()).status_code == 202

    def test_signs_configuration_and_receipt(self, paris: Entity) -> None:
        answer = Machine().enrol(make_key(entity=paris)).json()

        key = base64.b64decode(answer["instance"]["public_key"])
        receipt, settings = answer["receipt"], answer["configuration"]
        assert is_signed(key, documents.RECEIPT, receipt)
        assert is_signed(key, documents.CONFIGURATION, settings)
        assert json.loads(receipt["document"]) == {
            "instance": answer["instance"]["id"],
            "collector_id": answer["collector_id"],
            "public_key": documents.base64_text(bytes(Collector.objects.get().public_key)),
            "entity": str(paris.uid),
            "simulated": False,
            "date": "2026-03-02",
        }

    def test_puts_a_device_without_entity_into_unclassified(self) -> None:
        Machine().enrol(make_key())

        assert Device.objects.get().entity == Entity.objects.unclassified()

    def test_keeps_neither_key_nor_token(self) -> None:
        text = make_key()

        token = Machine().enrol(text).json()["token"]

        stored = [*EnrolmentKey.objects.values_list(), *Collector.objects.values_list()]
        assert text.split("-")[1] not in str(stored)
        assert token not in str(stored)

    def test_marks_devices_of_a_simulation(self) -> None:
        Machine().enrol(make_key(purpose=KeyPurpose.SIMULATION))

        assert Device.objects.get().is_simulated

    def test_takes_the_key_as_it_is_shown(self) -> None:
        text = make_key()

        response = Machine().enrol(text, enrolment_key=text)

        assert response.status_code == 201

    def test_is_recorded_under_the_collectors_id(self) -> None:
        answer = Machine().enrol(make_key()).json()

        row = InboxEvent.objects.get(code=AuditCode.COLLECTOR_ENROLLED)
        assert (row.actor_kind, row.actor_id) == ("collector", answer["collector_id"])
        assert row.subjects == [["device", str(Device.objects.get().pk)]]

    def test_gives_the_same_ids_when_the_answer_was_lost(self) -> None:
        machine, key = Machine(), make_key(maximum_uses=1)
        first = machine.enrol(key)

        second = machine.enrol(key)

        assert (first.status_code, second.status_code) == (201, 200)
        assert first.json()["collector_id"] == second.json()["collector_id"]
        assert first.json()["device_id"] == second.json()["device_id"]
        assert first.json()["token"] != second.json()["token"]
        assert EnrolmentKey.objects.get().uses == 1
        assert Device.objects.count() == 1

    @pytest.mark.parametrize("name", ["a", "ä" * 255, "日本", "a b"])
    def test_takes_any_host_name(self, name: str) -> None:
        Machine(host_name=name).enrol(make_key())

        assert Device.objects.get().name == name


@pytest.mark.usefixtures("configured")
class TestRefusals:
    @pytest.mark.case("collector.2")
    @pytest.mark.parametrize(
        ("options", "code"),
        [
            ({"expires_at": NOW}, "enrolment_key_expired"),
            ({"maximum_uses": 0}, "enrolment_key_exhausted"),
            ({"platforms": ["windows", "macos"]}, "wrong_platform"),
        ],
    )
    def test_names_what_is_wrong_with_the_key(self, options: dict[str, Any], code: str) -> None:
        response = Machine().enrol(make_key(**options))

        assert (response.status_code, response.json()["code"]) == (403, code)
        assert response.json()["detail"]
        assert not Device.objects.exists()

    @pytest.mark.case("collector.2")
    def test_names_a_revoked_key(self) -> None:
        key = make_key()
        EnrolmentKey.objects.update(revoked_at=NOW)

        assert Machine().enrol(key).json()["code"] == "enrolment_key_revoked"

    @pytest.mark.case("collector.2")
    @pytest.mark.parametrize("key", ["dexk-aaaaaaaaaaaaaaaaaaaaaaaaaa-x", "x--y", "x-\x00-y"])
    def test_names_an_unknown_key(self, key: str) -> None:
        response = Machine().enrol(key)

        assert (response.status_code, response.json()["code"]) == (403, "enrolment_key_unknown")

    def test_asks_for_a_key_where_there_is_none(self) -> None:
        assert Machine().enrol(None).json()["code"] == "enrolment_key_unknown"

    def test_spends_no_use_on_a_refusal(self) -> None:
        Machine().enrol(make_key(platforms=["windows"]))

        assert EnrolmentKey.objects.get().uses == 0

    def test_wants_the_signature_of_the_key_itself(self) -> None:
        machine, other = Machine(), Machine()

        response = other.signed(URL, ENROL, machine.enrolment_body(make_key()))

        assert (response.status_code, response.json()["code"]) == (403, "signature_invalid")

    @pytest.mark.parametrize("context", [b"", b"dex-token-v1\0", RE_ENROL])
    def test_wants_a_signature_of_this_context(self, context: bytes) -> None:
        machine = Machine()

        response = machine.signed(URL, context, machine.enrolment_body(make_key()))

        assert response.json()["code"] == "signature_invalid"

    @pytest.mark.parametrize(
        ("change", "pointer"),
        [
            ({"protocol": 2}, "/protocol"),
            ({"public_key": "x"}, "/public_key"),
            ({"public_key": base64.b64encode(bytes(31)).decode()}, "/public_key"),
            ({"install_id": "0" * 31}, "/install_id"),
            ({"install_id": "0" * 32 + "\n"}, "/install_id"),
            ({"platform": "beos"}, "/platform"),
            ({"host_name": "a\x00b"}, "/host_name"),
            ({"host_name": "a" * 256}, "/host_name"),
            ({"fingerprints": {"mac": "a"}}, "/fingerprints"),
            ({"fingerprints": {"serial": "ADA-1234"}}, "/fingerprints/serial"),
            ({"collector_version": "1" * 65}, "/collector_version"),
            ({"previous": {"collector_id": "x", "signature": ""}}, "/previous/collector_id"),
        ],
    )
    def test_names_a_wrong_member(self, change: dict[str, Any], pointer: str) -> None:
        response = Machine().enrol(make_key(), **change)

        assert (response.status_code, response.json()["code"]) == (422, "invalid")
        assert response.json()["errors"][0]["pointer"].startswith(pointer)

    @pytest.mark.parametrize("body", [b"", b"{", b"[]", b"\xff", b"null", b"[" * 10_000])
    def test_refuses_what_is_no_request(self, body: bytes) -> None:
        response = APIClient().post(URL, body, content_type="application/json")

        assert response.status_code == 422

    def test_refuses_a_large_body(self) -> None:
        response = APIClient().post(URL, b" " * 16_385, content_type="application/json")

        assert response.status_code == 413

    def test_holds_back_an_address_that_asks_too_often(self) -> None:
        client = APIClient()
        [client.post(URL, b"{}", content_type="application/json") for _ in range(10)]

        response = client.post(URL, b"{}", content_type="application/json")

        assert response.status_code == 429
        assert int(response["Retry-After"]) >= 1

    def test_counts_long_addresses_by_their_network(self) -> None:
        for number in range(10):
            client = APIClient(REMOTE_ADDR=f"2001:db8:0:1::{number}")
            client.post(URL, b"{}", content_type="application/json")

        same, other = [
            APIClient(REMOTE_ADDR=address).post(URL, b"{}", content_type="application/json")
            for address in ("2001:db8:0:1:ffff::1", "2001:db8:0:2::1")
        ]

        assert (same.status_code, other.status_code) == (429, 422)


class TestBeforeConfirmation:
    @pytest.fixture(autouse=True)
    def unconfirmed(self, db: None) -> None:
        """Have the reference defaults in force, confirmed by nobody."""
        configuration.save_configuration(
            level=Level.INSTANCE, preset=Preset.STANDARD, now=NOW, is_confirmed=False
        )

    def test_keeps_keys_of_the_fleet_inactive(self) -> None:
        response = Machine().enrol(make_key())

        assert (response.status_code, response.json()["code"]) == (403, "enrolment_key_inactive")

    def test_lets_the_own_machine_in(self) -> None:
        assert Machine().enrol(make_key(purpose=KeyPurpose.LOCAL)).status_code == 201


@pytest.mark.usefixtures("clean_database")
class TestAtOnce:
    def test_counts_a_key_for_one_device_once(self, fixed_clock: datetime) -> None:
        configure()
        key = make_key(maximum_uses=1)
        machines = [Machine(), Machine()]

        answers = at_once(*[partial(machine.enrol, key) for machine in machines])

        assert sorted(answer.status_code for answer in answers) == [201, 403]
        assert EnrolmentKey.objects.get().uses == 1
        assert Device.objects.count() == 1

    def test_enrols_a_machine_once_that_asks_twice(self, fixed_clock: datetime) -> None:
        configure()
        key, machine = make_key(), Machine()

        answers = at_once(*[partial(machine.enrol, key)] * 3)

        assert sorted(answer.status_code for answer in answers) == [200, 200, 201]
        assert EnrolmentKey.objects.get().uses == 1
        assert Device.objects.count() == 1

    def test_numbers_configurations_in_turn(self, fixed_clock: datetime) -> None:
        at_once(configure, configure)

        versions = CollectorConfiguration.objects.order_by("version").values_list(
            "version", "state"
        )
        assert list(versions) == [(1, "replaced"), (2, "active")]


def is_signed(key: bytes, context: bytes, signed: dict[str, str]) -> bool:
    """Return whether the instance signed a document."""
    return documents.is_signed_by(key, context, signed["document"].encode(), signed["signature"])
