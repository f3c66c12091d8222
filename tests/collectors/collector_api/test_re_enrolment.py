"""Enrolment of collectors that were here before: clones, removals, revocations."""

import base64
from typing import Any

import pytest

from apps.collectors.choices import CollectorState
from apps.collectors.models import Collector
from apps.devices.models import Device
from apps.organization.models import Entity
from tests.factories.collectors import (
    Machine,
    boot,
    collector_of,
    device_of,
    make_key,
    make_machine,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fixed_clock")]

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

    @pytest.mark.parametrize("state", ["revoked", "removed", "erased", "conflicted"])
    def test_takes_no_voucher_of_a_collector_that_is_out(self, state: str) -> None:
        old, new = make_machine(), Machine(install_id="1" * 32)
        previous = vouched(old, new)
        Collector.objects.update(state=state)

        assert new.enrol(None, previous=previous).status_code == 403

    def test_wants_the_installation_that_enrolled(self) -> None:
        machine = make_machine()

        response = machine.enrol(None, install_id="1" * 32)

        assert response.json()["code"] == "signature_invalid"

    @pytest.mark.parametrize("state", ["revoked", "removed"])
    def test_wants_a_new_key_after_a_removal_or_revocation(self, state: str) -> None:
        machine = make_machine()
        Collector.objects.update(state=state, token_hash=None)

        without, with_key = machine.enrol(None), machine.enrol(make_key())

        assert (without.status_code, with_key.status_code) == (403, 200)
        assert machine.send(boot()).status_code == 202

    def test_answers_an_erased_collector_that_it_is_gone(self) -> None:
        machine = make_machine()
        Collector.objects.update(state="erased")

        response = machine.enrol(make_key())

        assert (response.status_code, response.json()["code"]) == (410, "device_erased")
