"""Who a collector is: enrolment, a second identity, a copied state."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from dex_collector import fingerprints
from dex_collector.daemon import Daemon
from tests.collector.conftest import copy_machine, run
from tests.collector.fakes import ENROLMENT_KEY, FakeClock, FakeServer, Reply, problem
from tests.collector.sending import boot, send

Start = Callable[..., Daemon]


class TestUnknownToTheServer:
    """A wrong server, or one that was restored, says `collector_unknown`."""

    @pytest.fixture
    def asked(self, daemon: Daemon, server: FakeServer, clock: FakeClock) -> Daemon:
        server.is_down = True
        send(daemon, clock)
        clock.advance(60)
        server.is_down = False
        server.refuse_token = True
        server.script("token", problem(401, "collector_unknown"))
        daemon.step()
        return daemon

    def test_keeps_identity_and_spool_until_the_new_one_is_accepted(
        self, asked: Daemon, server: FakeServer, clock: FakeClock, state: Path
    ) -> None:
        server.script("enrol", Reply(500))
        asked.step()

        stored = json.loads((state / "identity.json").read_text())
        assert stored["collector_id"] == "collector-1"
        assert len(asked.spool.rows()) == 1
        assert (state / "configuration.json").exists()
        assert json.loads((state / "follower.json").read_text())["collector_id"] is None

    def test_shows_its_receipt(self, asked: Daemon, server: FakeServer) -> None:
        asked.step()

        shown = server.calls("enrol")[-1].json()
        assert shown["previous"]["collector_id"] == "collector-1"
        assert shown["receipt"]["document"] == '{"id": "collector-1"}'
        assert asked.link.enrolled.collector_id == "collector-2"

    def test_is_itself_again_when_the_new_one_is_refused(
        self, asked: Daemon, server: FakeServer, clock: FakeClock, state: Path
    ) -> None:
        server.script("enrol", problem(403, "signature_invalid"))
        asked.step()
        refused = asked.link.enrolled.refused_at
        clock.advance(6 * 3600)

        run(asked, clock, seconds=60)

        assert refused is not None
        assert asked.link.enrolled.collector_id == "collector-1"
        assert len(server.bodies) == 1  # what had waited
        assert not (state / "follower.json").exists()

    def test_asks_with_the_same_key_pair_after_a_start(
        self, asked: Daemon, start: Start, server: FakeServer, clock: FakeClock, state: Path
    ) -> None:
        server.script("enrol", Reply(500))
        asked.step()
        asked.close()

        run(start(probes=(), key_file=None), clock, seconds=10)

        _, lost, again = (request.json()["public_key"] for request in server.calls("enrol"))
        assert lost == again
        assert json.loads((state / "identity.json").read_text())["device_id"] == "device-2"
        assert not (state / "follower.json").exists()


class TestEnrolment:
    @pytest.mark.case("collector.2")
    @pytest.mark.parametrize(
        "code",
        [
            "enrolment_key_unknown",
            "enrolment_key_expired",
            "enrolment_key_exhausted",
            "enrolment_key_revoked",
        ],
    )
    def test_a_wrong_key_is_named_and_tried_once_in_a_quarter_of_an_hour(
        self,
        start: Start,
        server: FakeServer,
        clock: FakeClock,
        key_file: Path,
        caplog: pytest.LogCaptureFixture,
        code: str,
    ) -> None:
        server.script("enrol", *[problem(403, code)] * 9)

        run(start(), clock, seconds=2 * 900 - 10, every=10)

        assert len(server.calls("enrol")) == 2
        assert key_file.exists()
        assert "Not enrolled: " in caplog.text
        assert "enrolment key" in caplog.text

    def test_a_lost_answer_costs_no_second_use(
        self, start: Start, server: FakeServer, clock: FakeClock
    ) -> None:
        first = start()
        server.script("enrol", Reply(500))
        first.step()
        first.close()

        run(start(), clock, seconds=20)

        keys = {request.json()["public_key"] for request in server.calls("enrol")}
        assert len(server.calls("enrol")) == 2
        assert len(keys) == 1

    def test_of_an_erased_device_ends_the_collector(
        self, start: Start, server: FakeServer, state: Path
    ) -> None:
        server.script("enrol", problem(410, "device_erased"))
        daemon = start(probes=())

        daemon.step()

        assert daemon.is_erased
        assert not (state / "identity.json").exists()

    def test_makes_a_new_key_pair_when_its_own_was_used(
        self, start: Start, server: FakeServer, clock: FakeClock
    ) -> None:
        server.script("enrol", problem(403, "key_pair_used"))
        daemon = start(probes=())

        run(daemon, clock, seconds=910, every=10)

        first, second = (request.json()["public_key"] for request in server.calls("enrol"))
        assert first != second
        assert daemon.link.enrolled.collector_id == "collector-1"

    def test_with_a_bad_new_key_leaves_the_refused_identity(
        self, start: Start, server: FakeServer, clock: FakeClock, key_file: Path, state: Path
    ) -> None:
        first = start(probes=())
        first.step()
        first.link.be_refused("collector_revoked")
        first.close()
        key_file.write_text(ENROLMENT_KEY)
        server.script("enrol", problem(403, "enrolment_key_expired"))
        second = start(probes=())
        second.step()
        second.close()
        key_file.unlink()

        third = start(probes=())

        assert third.link.enrolled.collector_id == "collector-1"
        assert (state / "identity.json").exists()

    def test_goes_on_when_the_server_comes_late(
        self, start: Start, server: FakeServer, clock: FakeClock
    ) -> None:
        server.is_down = True
        daemon = start()
        run(daemon, clock, seconds=60, every=5)
        server.is_down = False

        run(daemon, clock, seconds=300, every=5)

        assert server.bodies


class TestClone:
    @pytest.mark.case("collector.15")
    def test_state_copied_to_other_hardware_gets_a_new_identity(
        self, start: Start, server: FakeServer, clock: FakeClock, tmp_path: Path
    ) -> None:
        first = start()
        run(first, clock, seconds=10)
        first.spool.add([boot()], clock.now())
        first.close()
        other = copy_machine("server", tmp_path / "other")

        second = start(root=other, key_file=None)
        run(second, clock, seconds=10)

        old, new = (request.json() for request in server.calls("enrol"))
        assert old["public_key"] != new["public_key"]
        assert new["previous"]["collector_id"] == "collector-1"
        assert server.calls("check-in") == []  # the old identity was not used once more
        boots = [e["occurred_at"] for e in server.bodies[-1]["events"]]
        assert "2026-03-02T12:00:00.000Z" not in boots

    def test_one_changed_part_is_the_same_machine(
        self, start: Start, server: FakeServer, clock: FakeClock, machine: Path
    ) -> None:
        first = start()
        run(first, clock, seconds=10)
        first.close()
        (machine / "etc/machine-id").write_text("f" * 32)

        run(start(), clock, seconds=10)

        assert len(server.calls("enrol")) == 1
        shown = server.calls("check-in")[0].headers["dex-fingerprints"]
        assert server.calls("enrol")[0].json()["fingerprints"]["machine_id"] not in shown

    @pytest.mark.case("collector.15")
    def test_a_conflict_at_check_in_enrols_anew(
        self, daemon: Daemon, server: FakeServer, clock: FakeClock
    ) -> None:
        server.script("check-in", problem(409, "identity_conflict"))

        run(daemon, clock, seconds=700, every=10)

        assert len(server.calls("enrol")) == 2
        assert daemon.link.enrolled.collector_id == "collector-2"

    def test_a_lasting_conflict_enrols_once_in_a_quarter_of_an_hour(
        self, daemon: Daemon, server: FakeServer, clock: FakeClock
    ) -> None:
        server.script("events", *[problem(409, "identity_conflict")] * 9)

        for _ in range(180):  # half an hour
            send(daemon, clock)
            clock.advance(10)

        assert len(server.calls("enrol")) - 1 in {2, 3}

    def test_what_is_not_known_is_no_difference(self) -> None:
        stored = {"machine_id": "a", "smbios_uuid": "b", "serial": "c", "system_volume": None}

        assert fingerprints.differing(stored, {"machine_id": "a", "system_volume": "d"}) == 0
        assert fingerprints.differing(stored, {"machine_id": "x", "serial": "y"}) == 2

    def test_never_sends_a_raw_fingerprint(
        self, daemon: Daemon, server: FakeServer, machine: Path
    ) -> None:
        sent = server.calls("enrol")[0].body.decode()

        assert "0123456789abcdef0123456789abcdef" not in sent
        assert len(server.calls("enrol")[0].json()["fingerprints"]["serial"]) == 64
