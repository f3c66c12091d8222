"""Enrolment of collectors that were here before: clones, removals, revocations."""

import base64
import json
from datetime import datetime, timedelta
from typing import Any

import pytest

from apps.collectors.choices import CollectorState, Level, Preset, StubState
from apps.collectors.models import Collector, CollectorConfiguration, CollectorStub
from apps.collectors.services import configuration
from apps.devices.models import Device
from apps.gdpr.upkeep import purge_inventory
from apps.organization.models import Entity
from tests.conftest import NOW
from tests.factories.collectors import (
    Machine,
    boot,
    collector_of,
    configure,
    device_of,
    make_key,
    make_machine,
)
from tests.factories.rules import make_rules, rule

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fixed_clock")]

LONG_AGO = NOW - timedelta(days=91)
RE_ENROL = b"dex-reenrol-v1\0"


def vouched(old: Machine, new: Machine) -> dict[str, Any]:
    """Return the member `previous` by which `old` vouches for `new`."""
    signature = old.private_key.sign(RE_ENROL + new.public_key + new.install_id.encode())
    return {
        "collector_id": str(collector_of(old).uid),
        "signature": base64.b64encode(signature).decode(),
    }


class TestBackAgain:
    @pytest.mark.case("collector.15")
    def test_lets_a_clone_in_beside_the_old_device(self, paris: Entity) -> None:
        old = make_machine(entity=paris)
        new = Machine(install_id="1" * 32)

        response = new.enrol(None, previous=vouched(old, new))

        assert response.status_code == 201
        assert Device.objects.count() == 2
        assert collector_of(new).previous == collector_of(old).uid
        assert device_of(new).entity == paris
        assert collector_of(old).state == CollectorState.ACTIVE

    @pytest.mark.case("collector.21")
    def test_refuses_a_voucher_of_another_key(self) -> None:
        old, thief = make_machine(), Machine(install_id="1" * 32)
        forged = vouched(old, thief) | {
            "signature": base64.b64encode(thief.private_key.sign(b"")).decode()
        }

        response = thief.enrol(None, previous=forged)

        assert (response.status_code, response.json()["code"]) == (403, "signature_invalid")
        assert Device.objects.count() == 1

    def test_refuses_a_voucher_for_another_new_key(self) -> None:
        old, new, thief = make_machine(), Machine(), Machine()

        response = thief.enrol(None, previous=vouched(old, new))

        assert response.json()["code"] == "signature_invalid"

    @pytest.mark.parametrize("state", ["revoked", "unenrolled", "erased", "conflicted"])
    def test_takes_no_voucher_of_a_collector_that_is_out(self, state: str) -> None:
        old, new = make_machine(), Machine(install_id="1" * 32)
        previous = vouched(old, new)
        Collector.objects.update(state=state)

        assert new.enrol(None, previous=previous).status_code == 403

    def test_wants_the_installation_that_enrolled(self) -> None:
        machine = make_machine()

        response = machine.enrol(None, install_id="1" * 32)

        assert response.json()["code"] == "signature_invalid"

    @pytest.mark.parametrize("state", ["revoked", "unenrolled"])
    def test_wants_a_new_key_pair_after_a_removal_or_revocation(self, state: str) -> None:
        machine = make_machine()
        Collector.objects.update(state=state, token_hash=None)

        same, anew = machine.enrol(make_key()), Machine(install_id="1" * 32).enrol(make_key())

        assert (same.status_code, same.json()["code"]) == (403, "key_pair_used")
        assert anew.status_code == 201

    def test_gives_no_token_for_a_recorded_request_once_the_device_has_reported(self) -> None:
        configure()
        key = make_key()
        machine = Machine()
        machine.enrol(key)
        machine.send(boot())

        replayed = machine.enrol(key)

        assert (replayed.status_code, replayed.json()["code"]) == (403, "key_pair_used")

    def test_gives_no_token_for_a_request_of_yesterday(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        configure()
        key = make_key()
        machine = Machine()
        machine.enrol(key)
        monkeypatch.setattr("apps.core.clock.now", lambda: NOW + timedelta(hours=25))

        assert machine.enrol(key).json()["code"] == "key_pair_used"

    def test_lets_one_collector_vouch_for_few_a_day(self) -> None:
        old = make_machine()
        machines = [Machine(install_id=f"{n:032x}") for n in range(1, 7)]

        answers = [new.enrol(None, previous=vouched(old, new)) for new in machines]

        assert [answer.status_code for answer in answers] == [201] * 5 + [429]

    def test_answers_an_erased_collector_that_it_is_gone(self) -> None:
        machine = make_machine()
        Collector.objects.update(state="erased")

        response = machine.enrol(make_key())

        assert (response.status_code, response.json()["code"]) == (410, "device_erased")


class TestBackFromLeave:
    """The device has expired; a stub of its collector is left."""

    @pytest.fixture
    def old(self, paris: Entity, fixed_clock: datetime) -> Machine:
        """Return a machine of Paris whose device has expired today."""
        configure()
        machine = Machine()
        machine.receipt = machine.enrol(make_key(entity=paris)).json()["receipt"]  # type: ignore[attr-defined]
        collector = collector_of(machine)
        machine.voucher_id = str(collector.uid)  # type: ignore[attr-defined]
        CollectorStub.objects.create(
            collector_uid=collector.uid,
            public_key=collector.public_key,
            state=StubState.EXPIRED,
            day=NOW.date(),
        )
        device_of(machine).delete()
        return machine

    def again(self, old: Machine, signer: Machine | None = None, **changes: Any) -> Any:
        """Enrol anew by the old key, or by that of `signer`."""
        new = Machine(install_id="1" * 32)
        message = RE_ENROL + new.public_key + new.install_id.encode()
        signature = (signer or old).private_key.sign(message)
        previous = {
            "collector_id": old.voucher_id,  # type: ignore[attr-defined]
            "signature": base64.b64encode(signature).decode(),
        }
        receipt = old.receipt  # type: ignore[attr-defined]
        return new.enrol(None, previous=previous, **{"receipt": receipt, **changes})

    @pytest.mark.case("collector.21")
    def test_lets_it_in_by_its_device_key_alone(self, old: Machine, paris: Entity) -> None:
        response = self.again(old)

        assert response.status_code == 201
        device = Device.objects.get()
        assert (device.entity, device.first_seen_at) == (paris, NOW)

    def test_puts_it_into_unclassified_without_a_receipt(self, old: Machine) -> None:
        self.again(old, receipt=None)

        assert Device.objects.get().entity == Entity.objects.unclassified()

    @pytest.mark.case("collector.21")
    def test_refuses_a_signature_of_another_key(self, old: Machine) -> None:
        response = self.again(old, signer=Machine())

        assert (response.status_code, response.json()["code"]) == (403, "signature_invalid")
        assert not Device.objects.exists()

    @pytest.mark.case("collector.21")
    def test_refuses_a_receipt_with_one_byte_changed(self, old: Machine) -> None:
        receipt = old.receipt  # type: ignore[attr-defined]
        forged = receipt | {"document": receipt["document"].replace("2026", "2027")}

        response = self.again(old, receipt=forged)

        assert (response.status_code, response.json()["code"]) == (403, "signature_invalid")

    def test_refuses_the_receipt_of_another_collector(self, old: Machine) -> None:
        other = Machine().enrol(make_key()).json()["receipt"]

        assert self.again(old, receipt=other).status_code == 403

    @pytest.mark.case("collector.21")
    @pytest.mark.parametrize(("days", "status"), [(400, 201), (401, 403)])
    def test_is_possible_for_400_days(self, old: Machine, days: int, status: int) -> None:
        CollectorStub.objects.update(day=NOW.date() - timedelta(days=days))

        assert self.again(old).status_code == status

    @pytest.mark.parametrize("state", ["revoked", "erased"])
    def test_is_for_expired_devices_alone(self, old: Machine, state: str) -> None:
        CollectorStub.objects.update(state=state)

        assert self.again(old).status_code == 403


class TestLimits:
    """Who comes back is not collected from more than was decided before (privacy.md 2)."""

    @pytest.fixture
    def old(self, paris: Entity, fixed_clock: datetime) -> Machine:
        """Return a machine of Paris of which less is collected in one way, and more in another."""
        configure(username="clear", focus_time="off")
        machine = make_machine(entity=paris)
        configuration.save_configuration(
            level=Level.DEVICE,
            device=device_of(machine),
            preset=Preset.CUSTOM,
            values={"username": "none", "focus_time": "on"},
            now=NOW,
        )
        return machine

    def again(self, old: Machine, previous: dict[str, Any]) -> Any:
        """Enrol anew by the old key; return the switches that the new collector gets."""
        new = Machine(install_id="1" * 32)
        message = RE_ENROL + new.public_key + new.install_id.encode()
        signature = base64.b64encode(old.private_key.sign(message)).decode()
        response = new.enrol(None, previous={**previous, "signature": signature})
        document = json.loads(response.json()["configuration"]["document"])
        return document["switches"]

    @pytest.mark.case("privacy.18")
    def test_go_with_the_key(self, old: Machine) -> None:
        switches = self.again(old, vouched(old, old))

        assert (switches["username"], switches["focus_time"]) == ("none", "off")
        row = CollectorConfiguration.objects.in_force().get(is_kept=True)
        assert row.device_id == Device.objects.latest("pk").pk
        assert row.settings == {"username": "none"}

    def test_are_those_of_the_entity_too_where_rules_want_it_elsewhere(
        self, old: Machine, paris: Entity, lyon: Entity
    ) -> None:
        configuration.save_configuration(
            level=Level.ENTITY,
            entity=paris,
            preset=Preset.CUSTOM,
            values={"local_admins": "off"},
            now=NOW,
        )
        make_rules(rule(lyon, ("platform", "linux")))

        assert self.again(old, vouched(old, old))["local_admins"] == "off"

    def test_outlive_the_device(self, old: Machine) -> None:
        previous = vouched(old, old)
        Device.objects.update(first_seen_at=LONG_AGO, last_seen_at=LONG_AGO)
        purge_inventory(now=NOW)

        switches = self.again(old, previous)

        assert Device.objects.get().last_seen_at == NOW
        assert (switches["username"], switches["focus_time"]) == ("none", "off")

    def test_leave_out_what_is_no_setting_any_more(self, old: Machine) -> None:
        previous = vouched(old, old)
        Device.objects.update(first_seen_at=LONG_AGO, last_seen_at=LONG_AGO)
        purge_inventory(now=NOW)
        limits = {"username": "none", "upn": "no value", "forgotten": "off"}
        CollectorStub.objects.update(limits=limits)

        self.again(old, previous)

        row = CollectorConfiguration.objects.in_force().get(is_kept=True)
        assert row.settings == {"username": "none"}

    def test_are_none_where_nothing_was_decided(self, paris: Entity) -> None:
        configure()
        old = make_machine(entity=paris)

        self.again(old, vouched(old, old))

        assert not CollectorConfiguration.objects.filter(level=Level.DEVICE).exists()


class TestForgottenByARestore(TestBackFromLeave):
    """Neither collector nor stub is known: the receipt alone tells that it was ours."""

    @pytest.fixture
    def old(self, paris: Entity, fixed_clock: datetime) -> Machine:
        """Return a machine of Paris that the server has forgotten."""
        configure()
        machine = Machine()
        machine.receipt = machine.enrol(make_key(entity=paris)).json()["receipt"]  # type: ignore[attr-defined]
        machine.voucher_id = str(collector_of(machine).uid)  # type: ignore[attr-defined]
        device_of(machine).delete()
        return machine

    def test_puts_it_into_unclassified_without_a_receipt(self, old: Machine) -> None:
        assert self.again(old, receipt=None).status_code == 403

    @pytest.mark.parametrize(("days", "status"), [(90, 201), (91, 403)])
    def test_is_possible_for_400_days(self, old: Machine, days: int, status: int) -> None:
        """Ask for as long as the oldest backup is kept."""
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("apps.core.clock.now", lambda: NOW + timedelta(days=days))

            assert self.again(old).status_code == status

    @pytest.mark.parametrize("state", ["revoked", "unenrolled"])
    def test_is_for_expired_devices_alone(self, old: Machine, state: str) -> None:
        """Ask what a collector that is known, but out, may not."""
        other = make_machine()
        Collector.objects.update(state=state, uid=old.voucher_id)  # type: ignore[attr-defined]

        assert self.again(old, signer=other).status_code == 403
