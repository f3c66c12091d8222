"""Changes and samples of sessions, and the switches that govern them."""

from typing import Any

import pytest

from apps.collectors.models import RefusalCount
from apps.users.models import Login, Session, SessionChange, SessionSample
from tests.factories.collectors import ADA_ROSSI, configure, login, make_machine
from tests.factories.sessions import LATENCY, LOSS, SESSION, at, change, sample

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fixed_clock")]

CHANGES = ("logout", "lock", "unlock", "connect", "disconnect")


def send(*records: dict[str, Any], **switches: Any) -> Any:
    """Send records from a new machine, under the standard preset with these switches."""
    if switches:
        configure(**switches)
    return make_machine().send(*records, users=ADA_ROSSI).json()


def dropped(kind: str) -> dict[str, int]:
    """Return what the policy took of a kind, by switch."""
    return {row.code: row.number for row in RefusalCount.objects.filter(kind=kind)}


class TestLogin:
    def test_is_stored_with_the_parts_of_its_duration(self) -> None:
        send(
            login(
                session_id=SESSION,
                time_until_desktop_is_visible_ms=3_000,
                time_until_desktop_is_ready_ms=9_000,
                logon_script_duration_ms=1_000,
                group_policy_duration_ms=2_000,
                profile_load_duration_ms=500,
            )
        )

        row = Login.objects.get()
        assert (
            row.logon_script_duration_ms,
            row.group_policy_duration_ms,
            row.profile_load_duration_ms,
        ) == (1_000, 2_000, 500)

    @pytest.mark.case("data-model.9")
    @pytest.mark.parametrize(
        ("fields", "pointer"),
        [
            ({"logon_script_duration_ms": -1}, "/events/0/fields/logon_script_duration_ms"),
            ({"logon_type": "magic"}, "/events/0/fields/logon_type"),
            ({"is_first_login": True}, "/events/0/fields/is_first_login"),
        ],
    )
    def test_that_is_wrong_is_refused_alone(self, fields: dict[str, Any], pointer: str) -> None:
        answer = send(login(**fields), login())

        assert [entry["pointer"] for entry in answer["refused"]] == [pointer]
        assert Login.objects.count() == 1


class TestChange:
    @pytest.mark.parametrize("what", CHANGES)
    def test_is_stored_under_its_kind(self, what: str) -> None:
        send(change(what, at(9), protocol="rdp", reason="user", client_name="pc", client_ip="::1"))

        row = SessionChange.objects.get()
        assert (row.change, row.protocol, row.reason) == (what, "rdp", "user")
        assert (row.client_name, row.client_ip) == ("pc", "::1")
        assert row.user.name == "a.rossi@CORP"
        assert row.number_of_changes == 1

    def test_tells_its_kind_and_no_other(self) -> None:
        forged = change("lock", at(9), change="logout")

        answer = send(forged, change("lock", at(9), change="lock"))

        assert [entry["pointer"] for entry in answer["refused"]] == ["/events/0/fields/change"]
        assert SessionChange.objects.get().change == "lock"

    @pytest.mark.case("data-model.9")
    @pytest.mark.parametrize(
        ("fields", "pointer"),
        [
            ({"protocol": "smoke"}, "/events/0/fields/protocol"),
            ({"reason": "mood"}, "/events/0/fields/reason"),
            ({"screen": "x"}, "/events/0/fields/screen"),
        ],
    )
    def test_that_is_wrong_is_refused_alone(self, fields: dict[str, Any], pointer: str) -> None:
        answer = send(change("lock", at(9), **fields), change("unlock", at(9)))

        assert [entry["pointer"] for entry in answer["refused"]] == [pointer]
        assert SessionChange.objects.get().change == "unlock"

    @pytest.mark.case("data-model.9")
    def test_of_an_unknown_kind_or_of_the_future_is_refused(self) -> None:
        answer = send(change("vanish", at(9)), change("lock", at(20)))

        assert [entry["code"] for entry in answer["refused"]] == ["unknown_kind", "in_future"]

    @pytest.mark.case("data-model.16")
    @pytest.mark.parametrize(
        "fields",
        [
            {"client_ip": "10.1.2"},
            {"client_ip": "fe80::1%eth0"},
            {"client_name": "a\x00b"},
            {"session_id": "a\x00b"},
        ],
    )
    def test_that_the_database_cannot_hold_is_refused_alone(self, fields: dict[str, Any]) -> None:
        answer = send(change("lock", at(9), **{"session_id": SESSION, **fields}), login())

        assert [entry["code"] for entry in answer["refused"]] == ["not_storable"]
        assert not SessionChange.objects.exists()
        assert Login.objects.count() == 1


@pytest.mark.case("data-model.5")
class TestSwitches:
    def test_let_in_logins_alone(self) -> None:
        send(
            login(session_id=SESSION),
            *(change(what, at(9)) for what in CHANGES),
            session_events="logins",
        )

        assert not SessionChange.objects.exists()
        assert Login.objects.count() == 1
        assert Session.objects.get().state == "active"
        assert [dropped(f"session.{what}s") for what in CHANGES] == [{"session_events": 1}] * 5

    def test_let_in_neither_logins_nor_changes(self) -> None:
        send(login(session_id=SESSION), change("lock", at(9)), session_events="off")

        assert not Login.objects.exists()
        assert not SessionChange.objects.exists()
        assert not Session.objects.exists()
        assert dropped("session.logins") == {"session_events": 1}

    @pytest.mark.parametrize(
        ("value", "address", "kept"),
        [
            ("on", "10.1.2.3", "10.1.2.3"),
            ("prefix", "10.1.2.3", "10.1.2.0"),
            ("prefix", "2001:db8:1:2::3", "2001:db8:1::"),
            ("off", "10.1.2.3", None),
        ],
    )
    def test_leave_of_an_address_what_they_allow(
        self, value: str, address: str, kept: str | None
    ) -> None:
        send(change("connect", at(9), client_ip=address), local_addresses=value)

        assert SessionChange.objects.get().client_ip == kept
        assert Session.objects.get().client_ip == kept
        lost = {} if kept == address else {"local_addresses": 1}
        assert dropped("session.connects") == lost

    def test_let_in_no_interaction(self) -> None:
        send(
            sample(at(9), user_interaction_time_ms=60_000, session_duration_ms=900_000),
            user_activity="off",
        )

        row = SessionSample.objects.get()
        assert (row.user_interaction_time_ms_sum, row.session_duration_ms_sum) == (None, 900_000)
        assert dropped("session.events") == {"user_activity": 1}

    @pytest.mark.case("data-model.14")
    @pytest.mark.parametrize("value", ["on", "off"])
    def test_let_in_the_network_of_a_session_or_not(self, value: str) -> None:
        send(
            sample(
                at(9),
                protocol="rdp",
                round_trip_time_ms=LATENCY,
                network_latency_ms=LATENCY,
                packet_loss_ratio=LOSS,
                number_of_reconnections=2,
            ),
            session_network=value,
        )

        row = SessionSample.objects.get()
        figures = (
            row.round_trip_time_ms_sum,
            row.network_latency_ms_max,
            row.packet_loss_ratio_sum,
            row.number_of_reconnections_sum,
        )
        kept = {"on": (60.0, 30.0, 0.3, 2), "off": (None,) * 4}
        assert figures == kept[value]
        assert dropped("session.events") == ({} if value == "on" else {"session_network": 4})

    def test_let_in_nothing_that_is_off(self) -> None:
        """A forged batch that carries all of it leaves no trace of a person."""
        send(
            login(session_id=SESSION),
            change("connect", at(9), client_name="pc", client_ip="10.1.2.3"),
            sample(at(9), user_interaction_time_ms=1, packet_loss_ratio=LOSS),
            username="none",
            session_events="off",
            session_network="off",
            user_activity="off",
        )

        row = SessionSample.objects.get()
        assert row.user is None
        assert {
            getattr(row, column)
            for column in ("user_interaction_time_ms_sum", "packet_loss_ratio_sum")
        } == {None}
        assert not Login.objects.exists()
        assert not SessionChange.objects.exists()
        assert Session.objects.get().user is None


class TestSample:
    def test_holds_a_quarter_of_an_hour(self) -> None:
        send(sample(at(9), protocol="console", user_interaction_time_ms=300_000))

        row = SessionSample.objects.get()
        assert (row.session_id, row.session_protocol) == (SESSION, "console")
        assert row.user_interaction_time_ms_sum == 300_000

    @pytest.mark.case("data-model.4")
    def test_sent_twice_counts_once_and_two_of_a_key_add_up(self) -> None:
        machine = make_machine()
        batch = machine.batch(sample(at(9)), users=ADA_ROSSI)
        machine.post(batch)
        machine.post(batch)

        machine.send(sample(at(9)), users=ADA_ROSSI)

        assert [row.session_duration_ms_sum for row in SessionSample.objects.all()] == [900_000] * 2

    @pytest.mark.case("data-model.9")
    @pytest.mark.parametrize(
        ("bucket", "metrics"),
        [
            (at(9, 5), {"session_duration_ms": 1}),
            (at(9), {"session_duration_ms": -1}),
            (at(9), {"keystrokes": 5}),
        ],
    )
    def test_that_is_wrong_is_refused(self, bucket: str, metrics: dict[str, Any]) -> None:
        answer = send(sample(bucket, **metrics), sample(at(9)))

        assert [entry["index"] for entry in answer["refused"]] == [0]
        assert SessionSample.objects.count() == 1
