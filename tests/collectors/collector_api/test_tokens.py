"""Tokens: renewed by the device key against a nonce of ours, once."""

from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import uuid4

import pytest

from apps.collectors.models import Collector, CollectorStub
from tests.conftest import NOW
from tests.events.sessions import at_once
from tests.factories.collectors import Machine, boot, collector_of, device_of, make_machine

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fixed_clock")]

URL = "/collector/v1/token"
TOKEN = b"dex-token-v1\0"


@pytest.fixture
def machine(db: None, fixed_clock: datetime) -> Machine:
    """Return an enrolled machine."""
    return make_machine()


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return a function that puts the clock forward."""
    return lambda **by: monkeypatch.setattr("apps.core.clock.now", lambda: NOW + timedelta(**by))


def ask(machine: Machine) -> Any:
    """Ask for a nonce."""
    body = {"collector_id": str(collector_of(machine).uid)}
    return machine.client.post(URL, body, format="json")


def renew(machine: Machine, nonce: str, **changes: Any) -> Any:
    """Ask for a token."""
    body = {"collector_id": str(collector_of(machine).uid), "nonce": nonce, **changes}
    return machine.signed(URL, TOKEN, body)


def nonce_of(machine: Machine) -> str:
    """Return a fresh nonce."""
    return str(ask(machine).json()["nonce"])


def erase(machine: Machine, state: str = "erased") -> dict[str, str]:
    """Leave a stub of a collector; return what names it."""
    collector = collector_of(machine)
    CollectorStub.objects.create(
        collector_uid=collector.uid,
        public_key=collector.public_key,
        token_hash=collector.token_hash,
        state=state,
        day=NOW.date(),
    )
    device_of(machine).delete()
    return {"collector_id": str(collector.uid)}


class TestRenewal:
    def test_gives_a_token_for_a_nonce(self, machine: Machine) -> None:
        response = renew(machine, nonce_of(machine))

        assert response.status_code == 200
        assert response.json()["token_expires_at"] == "2026-04-01T12:00:00Z"
        machine.use(response.json()["token"])
        assert machine.send(boot()).status_code == 202

    def test_ends_the_token_before(self, machine: Machine) -> None:
        renew(machine, nonce_of(machine))

        response = machine.send(boot())

        assert (response.status_code, response.json()["code"]) == (401, "token_invalid")
        assert response["WWW-Authenticate"].startswith("Bearer")

    def test_works_with_a_token_that_has_ended(self, machine: Machine, later: Any) -> None:
        later(days=30)
        before = machine.send(boot()).status_code

        response = renew(machine, nonce_of(machine))

        assert (before, response.status_code) == (401, 200)

    def test_tells_how_long_a_nonce_is_good(self, machine: Machine) -> None:
        assert ask(machine).json()["expires_in"] == 300

    def test_takes_a_nonce_once(self, machine: Machine) -> None:
        nonce = nonce_of(machine)
        renew(machine, nonce)

        again = renew(machine, nonce)

        assert (again.status_code, again.json()["code"]) == (401, "nonce_invalid")

    def test_takes_no_older_nonce_after_a_newer(self, machine: Machine, later: Any) -> None:
        old = nonce_of(machine)
        later(seconds=1)
        renew(machine, nonce_of(machine))

        assert renew(machine, old).json()["code"] == "nonce_invalid"

    @pytest.mark.parametrize(("seconds", "status"), [(300, 200), (301, 401), (-1, 401)])
    def test_takes_a_nonce_for_five_minutes(
        self, machine: Machine, later: Any, seconds: int, status: int
    ) -> None:
        nonce = nonce_of(machine)
        later(seconds=seconds)

        assert renew(machine, nonce).status_code == status

    def test_takes_no_nonce_of_another_collector(self, machine: Machine) -> None:
        nonce = nonce_of(make_machine(host_name="other"))

        assert renew(machine, nonce).json()["code"] == "nonce_invalid"

    @pytest.mark.parametrize(
        "nonce", ["", ".", "1.", "-1.x", "x" * 1_000, "9" * 30 + ".x", "٣.x", "1772452800000000.ä"]
    )
    def test_takes_no_forged_nonce(self, machine: Machine, nonce: str) -> None:
        assert renew(machine, nonce).json()["code"] == "nonce_invalid"

    def test_wants_the_signature_of_the_device_key(self, machine: Machine) -> None:
        body = {"collector_id": str(collector_of(machine).uid), "nonce": nonce_of(machine)}

        response = Machine().signed(URL, TOKEN, body)

        assert (response.status_code, response.json()["code"]) == (401, "signature_invalid")

    def test_spends_no_nonce_on_a_wrong_signature(self, machine: Machine) -> None:
        nonce = nonce_of(machine)
        body = {"collector_id": str(collector_of(machine).uid), "nonce": nonce}
        Machine().signed(URL, TOKEN, body)

        assert renew(machine, nonce).status_code == 200

    def test_knows_no_other_collector(self, machine: Machine) -> None:
        response = machine.client.post(URL, {"collector_id": str(uuid4())}, format="json")

        assert (response.status_code, response.json()["code"]) == (401, "collector_unknown")

    @pytest.mark.parametrize("state", ["revoked", "unenrolled"])
    def test_gives_none_to_a_collector_that_is_out(self, machine: Machine, state: str) -> None:
        nonce = nonce_of(machine)
        Collector.objects.update(state=state)

        codes = [response.json()["code"] for response in (ask(machine), renew(machine, nonce))]

        assert codes == ["collector_revoked"] * 2

    @pytest.mark.parametrize("body", [{}, {"collector_id": "x"}, {"collector_id": None}, []])
    def test_refuses_what_is_no_request(self, machine: Machine, body: Any) -> None:
        response = machine.client.post(URL, body, format="json")

        assert (response.status_code, response.json()["code"]) == (422, "invalid")

    def test_holds_back_a_collector_that_asks_too_often(self, machine: Machine) -> None:
        [ask(machine) for _ in range(6)]

        response = ask(machine)

        assert (response.status_code, response.json()["code"]) == (429, "throttled")
        assert int(response["Retry-After"]) >= 1


class TestGoneDevice:
    """A stub answers for a device of which nothing is left."""

    @pytest.mark.parametrize(
        ("state", "status", "code"),
        [
            ("erased", 410, "device_erased"),
            ("expired", 401, "device_expired"),
            ("revoked", 401, "collector_revoked"),
        ],
    )
    def test_gets_no_token(self, machine: Machine, state: str, status: int, code: str) -> None:
        body = erase(machine, state)

        answers = [
            machine.client.post(URL, body, format="json"),
            machine.signed(URL, TOKEN, body | {"nonce": "1.x"}),
        ]

        assert [answer.status_code for answer in answers] == [status] * 2
        assert [answer.json()["code"] for answer in answers] == [code] * 2

    def test_hears_at_every_door_that_it_was_erased(self, machine: Machine) -> None:
        erase(machine)

        answers = [
            machine.send(boot()),
            machine.check_in(),
            machine.client.delete("/collector/v1/enrolment"),
            machine.enrol(None),
        ]

        assert [answer.status_code for answer in answers] == [410] * 4
        assert {answer.json()["code"] for answer in answers} == {"device_erased"}

    @pytest.mark.parametrize("state", ["expired", "revoked"])
    def test_is_asked_to_prove_itself_otherwise(self, machine: Machine, state: str) -> None:
        erase(machine, state)

        assert machine.send(boot()).status_code == 401

    def test_stays_out_when_its_row_is_marked_erased(self, machine: Machine) -> None:
        Collector.objects.update(state="erased")

        answers = [machine.send(boot()), machine.check_in(), ask(machine)]

        assert [answer.status_code for answer in answers] == [410] * 3


class TestToken:
    @pytest.mark.parametrize(
        "header", ["", "Bearer", "Bearer x", "Basic eDp4", "Bearer " + "a" * 43, "Bearer ä" * 9]
    )
    def test_is_needed(self, machine: Machine, header: str) -> None:
        machine.client.credentials(HTTP_AUTHORIZATION=header)

        assert machine.send(boot()).status_code == 401

    def test_ends_with_the_enrolment(self, machine: Machine) -> None:
        response = machine.client.delete("/collector/v1/enrolment")

        assert response.status_code == 204
        assert collector_of(machine).state == "unenrolled"
        assert machine.send(boot()).status_code == 401

    @pytest.mark.usefixtures("clean_database")
    def test_is_given_once_for_a_nonce_that_comes_twice_at_once(self) -> None:
        machine = make_machine()
        nonce = nonce_of(machine)

        answers = at_once(*[partial(renew, machine, nonce)] * 2)

        assert sorted(answer.status_code for answer in answers) == [200, 401]
