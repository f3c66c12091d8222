"""Check-in: what holds for a device, and whether it still is the one that enrolled."""

import base64
import json
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core.cache import cache
from redis.exceptions import ConnectionError as CacheAway

from apps.audit.choices import AuditCode
from apps.audit.models import InboxEvent
from apps.collectors import documents
from apps.collectors.choices import Level, Preset
from apps.collectors.models import Collector
from apps.collectors.services import checkin, configuration
from apps.collectors.switches import PRESETS, collected
from apps.core.models import Instance
from apps.devices.models import Device
from tests.conftest import NOW
from tests.factories.collectors import (
    Machine,
    boot,
    collector_of,
    configure,
    device_of,
    make_machine,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fixed_clock")]


@pytest.fixture
def machine(db: None, fixed_clock: datetime) -> Machine:
    """Return an enrolled machine."""
    return make_machine()


def document(machine: Machine) -> dict[str, Any]:
    """Return the configuration that a check-in gives."""
    return dict(json.loads(machine.check_in().json()["configuration"]["document"]))


def version(machine: Machine) -> int:
    """Return the version of the configuration that a check-in gives."""
    return int(document(machine)["version"])


class TestCheckIn:
    def test_gives_the_configuration_in_force(self, machine: Machine) -> None:
        given = document(machine)

        assert given["preset"] == "standard"
        assert given["switches"] == collected(PRESETS[Preset.STANDARD])
        assert given["collector_id"] == str(collector_of(machine).uid)

    def test_names_version_generation_and_work(self, machine: Machine) -> None:
        answer = machine.check_in().json()

        assert answer["configuration_version"] == 1
        assert answer["generation"] == 1
        assert answer["work"] == []
        assert answer["server_time"] == "2026-03-02T12:00:00Z"

    def test_notes_contact_and_version(self, machine: Machine) -> None:
        Collector.objects.update(last_contact_at=NOW - timedelta(days=1))

        machine.check_in(**{"Dex-Collector-Version": "0.2.0"})

        collector = collector_of(machine)
        assert (collector.last_contact_at, collector.version) == (NOW, "0.2.0")

    def test_is_no_activity_of_the_device(self, machine: Machine) -> None:
        seen = NOW - timedelta(hours=3)
        Device.objects.update(first_seen_at=seen, last_seen_at=seen)

        machine.check_in()

        assert device_of(machine).last_seen_at == seen

    @pytest.mark.parametrize("text", ["a\x00b", "1" * 100, "\x7f\x1f", "ä\xff"])
    def test_bears_any_version_header(self, machine: Machine, text: str) -> None:
        assert machine.check_in(**{"Dex-Collector-Version": text}).status_code == 200

    @pytest.mark.parametrize(
        "text", ["", "x", "[]", '{"mac": "a"}', '{"serial": "ADA-1"}', "[" * 9]
    )
    def test_refuses_wrong_fingerprints(self, machine: Machine, text: str) -> None:
        response = machine.check_in(**{"Dex-Fingerprints": text})

        assert (response.status_code, response.json()["code"]) == (422, "invalid")

    def test_works_without_the_cache(
        self, machine: Machine, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def away(*_args: Any, **_options: Any) -> None:
            raise CacheAway

        monkeypatch.setattr(type(cache._connections["default"]), "get", away)  # type: ignore[attr-defined]
        monkeypatch.setattr(type(cache._connections["default"]), "add", away)  # type: ignore[attr-defined]

        assert machine.check_in().json()["send_now"] is False


class TestEtag:
    def test_is_no_reason_for_silence_while_a_page_is_open(self, machine: Machine) -> None:
        checkin.open_page(device_of(machine).pk)
        etag = machine.check_in()["ETag"]

        response = machine.check_in(**{"If-None-Match": etag})

        assert (response.status_code, response.json()["send_now"]) == (200, True)

    def test_spares_an_answer_that_is_known(self, machine: Machine) -> None:
        etag = machine.check_in()["ETag"]

        response = machine.check_in(**{"If-None-Match": etag})

        assert (response.status_code, response.content) == (304, b"")
        assert response["ETag"] == etag

    def test_notes_the_contact_nevertheless(self, machine: Machine) -> None:
        etag = machine.check_in()["ETag"]
        Collector.objects.update(last_contact_at=None)

        machine.check_in(**{"If-None-Match": etag})

        assert collector_of(machine).last_contact_at == NOW

    def test_changes_with_the_configuration(self, machine: Machine) -> None:
        etag = machine.check_in()["ETag"]
        configure(Preset.STRICT)

        assert machine.check_in(**{"If-None-Match": etag}).status_code == 200

    def test_changes_when_somebody_opens_the_page(self, machine: Machine) -> None:
        etag = machine.check_in()["ETag"]
        checkin.open_page(device_of(machine).pk)

        assert machine.check_in(**{"If-None-Match": etag}).status_code == 200

    def test_is_another_for_each_collector(self, machine: Machine) -> None:
        assert machine.check_in()["ETag"] != make_machine().check_in()["ETag"]


class TestPageOpen:
    @pytest.mark.case("collector.24")
    def test_asks_for_the_waiting_records(self, machine: Machine) -> None:
        before = machine.check_in().json()["send_now"]
        checkin.open_page(device_of(machine).pk)

        after = machine.check_in().json()["send_now"]

        assert (before, after) == (False, True)

    def test_asks_no_other_device(self, machine: Machine) -> None:
        checkin.open_page(device_of(make_machine()).pk)

        assert machine.check_in().json()["send_now"] is False


class TestIdentityConflict:
    @pytest.mark.case("collector.15")
    def test_turns_foreign_hardware_away_and_merges_nothing(self, machine: Machine) -> None:
        Collector.objects.update(last_contact_at=None)
        machine.fingerprints = {"machine_id": "c" * 64, "serial": "d" * 64}

        response = machine.check_in(**{"Dex-Collector-Version": "9"})

        assert (response.status_code, response.json()["code"]) == (409, "identity_conflict")
        assert Collector.objects.get().conflict_at == NOW
        collector = collector_of(machine)
        assert collector.fingerprints["serial"] == "b" * 64
        assert (collector.last_contact_at, collector.version) == (None, "0.1.0")

    @pytest.mark.parametrize(
        ("present", "status"),
        [
            ({"machine_id": "c" * 64, "serial": "b" * 64}, 200),
            ({"machine_id": "c" * 64, "serial": None}, 200),
            ({"machine_id": "c" * 64, "smbios_uuid": "d" * 64}, 200),
            ({}, 200),
            ({"machine_id": "c" * 64, "serial": "d" * 64, "smbios_uuid": "e" * 64}, 409),
        ],
    )
    def test_takes_two_differences_that_both_sides_know(
        self, machine: Machine, present: dict[str, str | None], status: int
    ) -> None:
        machine.fingerprints = present

        assert machine.check_in().status_code == status

    def test_is_recorded_once_an_hour(self, machine: Machine) -> None:
        machine.fingerprints = {"machine_id": "c" * 64, "serial": "d" * 64}

        [machine.check_in() for _ in range(3)]

        record = InboxEvent.objects.get(code=AuditCode.IDENTITY_CONFLICT)
        assert record.subjects == [["device", str(device_of(machine).pk)]]


class TestDocument:
    def test_is_signed_by_the_instance(self, machine: Machine) -> None:
        signed = machine.check_in().json()["configuration"]

        assert is_genuine(signed["document"], signed["signature"])

    @pytest.mark.parametrize(
        ("old", "new"), [('"clear"', '"hashed"'), ('"version":1', '"version":2'), ("}", "} ")]
    )
    def test_fails_when_it_was_tampered_with(self, machine: Machine, old: str, new: str) -> None:
        signed = machine.check_in().json()["configuration"]

        assert not is_genuine(signed["document"].replace(old, new, 1), signed["signature"])

    def test_is_signed_for_its_purpose_alone(self, machine: Machine) -> None:
        signed = machine.check_in().json()["configuration"]

        assert not is_genuine(signed["document"], signed["signature"], documents.RECEIPT)

    def test_carries_the_key_of_names_where_they_are_hashed(self, machine: Machine) -> None:
        clear = document(machine)["username_hash"]
        configure(username="hashed")

        hashed = document(machine)["username_hash"]

        assert clear == {"key": None, "epoch": 0}
        assert len(base64.b64decode(hashed["key"])) == 32


class TestVersion:
    def test_stays_while_nothing_changes(self, machine: Machine) -> None:
        first = machine.check_in().json()["configuration"]
        configure()

        second = machine.check_in().json()["configuration"]

        assert first == second

    def test_rises_with_each_change(self, machine: Machine) -> None:
        versions = [version(machine)]
        configure(Preset.STRICT)
        versions.append(version(machine))
        configure()
        versions.append(version(machine))

        assert versions == [1, 2, 3]

    def test_stays_when_another_devices_configuration_changes(self, machine: Machine) -> None:
        other = device_of(make_machine())
        save(Level.DEVICE, device=other)

        assert version(machine) == 1

    def test_is_told_with_the_generation_in_which_it_counts(
        self, machine: Machine, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(Instance.objects.current(), "generation", 7)

        assert document(machine)["generation"] == 7

    def test_dates_from_the_change(self, machine: Machine) -> None:
        assert datetime.fromisoformat(document(machine)["issued_at"]) == NOW


class TestLevels:
    def test_the_entity_goes_before_the_instance(self, machine: Machine) -> None:
        save(Level.ENTITY, entity=device_of(machine).entity, focus_time="on")

        assert document(machine)["switches"]["focus_time"] == "on"

    def test_the_device_goes_before_the_entity(self, machine: Machine) -> None:
        save(Level.ENTITY, entity=device_of(machine).entity, focus_time="on")
        save(Level.DEVICE, device=device_of(machine), focus_time="off")

        assert document(machine)["switches"]["focus_time"] == "off"

    def test_nothing_configured_is_strict(self, machine: Machine) -> None:
        from apps.collectors.models import CollectorConfiguration
        from apps.core import generations

        CollectorConfiguration.objects.all().delete()
        generations.bump(generations.CONFIGURATION)

        assert document(machine)["switches"] == collected(PRESETS[Preset.STRICT])


def save(level: Level, *, entity: Any = None, device: Any = None, **values: str) -> None:
    """Put a configuration in force at a level, differing from the standard by `values`."""
    configuration.save_configuration(
        level=level,
        entity=entity,
        device=device,
        preset=Preset.CUSTOM,
        values={**PRESETS[Preset.STANDARD], **values},
        now=NOW,
    )


def is_genuine(text: str, signature: str, context: bytes = documents.CONFIGURATION) -> bool:
    """Return whether the instance signed `text`."""
    key = documents.instance_public_key()
    return documents.is_signed_by(key, context, text.encode(), signature)


class TestNewerConfiguration:
    def test_is_named_by_the_answer_to_a_batch_and_brought_by_the_next_check_in(self) -> None:
        machine = make_machine()
        before = machine.check_in().json()["configuration_version"]
        configure(Preset.STRICT)

        named = machine.send(boot()).json()["configuration_version"]

        assert named == before + 1
        assert machine.check_in().json()["configuration_version"] == named
