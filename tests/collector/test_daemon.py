"""The daemon as a whole: start, measure, send, stop."""

from collections.abc import Callable
from pathlib import Path

import pytest

from dex_collector.daemon import Daemon
from dex_collector.enroller import NoEnrolmentKey
from dex_collector.state_lock import AlreadyRunning
from tests.collector.conftest import run
from tests.collector.fakes import ENROLMENT_KEY, SECRET, FakeClock, FakeServer

Start = Callable[..., Daemon]


class TestFreshStart:
    @pytest.mark.case("collector.1")
    def test_enrols_erases_the_key_and_sends_the_first_batch_at_once(
        self, start: Start, server: FakeServer, clock: FakeClock, key_file: Path
    ) -> None:
        daemon = start()

        run(daemon, clock, seconds=10, every=1)

        assert not key_file.exists()
        assert server.calls("enrol")[0].json()["enrolment_key"] == SECRET
        assert [e["occurred_at"] for e in server.records("device_performance.boots")] == [
            "2026-03-02T06:00:00.000Z"
        ]
        assert {part["part"] for part in server.bodies[0]["inventory"]} == {
            "hardware",
            "operating_system",
            "disks",
            "monitors",
            "network",
            "packages",
            "users",
            "local_admins",
            "volumes",
            "security",
            "collector",
        }
        assert len(server.records("session.logins")) == 2

    @pytest.mark.case("collector.1")
    def test_uses_no_key_at_the_second_start(
        self, start: Start, server: FakeServer, clock: FakeClock
    ) -> None:
        first = start()
        run(first, clock, seconds=10)
        first.close()

        second = start(key_file=None)
        run(second, clock, seconds=10)

        assert len(server.calls("enrol")) == 1
        assert len(server.calls("check-in")) == 1
        assert len(server.records("device_performance.boots")) == 1

    def test_names_what_it_needs_without_key_and_identity(
        self, start: Start, key_file: Path
    ) -> None:
        key_file.unlink()

        with pytest.raises(NoEnrolmentKey):
            start()

    def test_lets_only_one_daemon_into_a_state_folder(self, start: Start) -> None:
        start()

        with pytest.raises(AlreadyRunning):
            start()

    def test_keeps_secrets_from_other_accounts(
        self, start: Start, clock: FakeClock, state: Path
    ) -> None:
        run(start(), clock, seconds=10)

        rights = {file.name: file.stat().st_mode & 0o777 for file in state.iterdir()}

        assert state.stat().st_mode & 0o777 == 0o700
        assert set(rights.values()) == {0o600}

    @pytest.mark.parametrize("damage", ["", "{", '{"a": 1}'])
    def test_does_not_take_a_damaged_identity_for_none(
        self, start: Start, state: Path, damage: str
    ) -> None:
        state.mkdir()
        state.chmod(0o700)
        (state / "identity.json").write_text(damage)

        with pytest.raises(ValueError, match="is damaged"):
            start()

    def test_refuses_a_folder_that_is_open_to_others(self, start: Start, tmp_path: Path) -> None:
        tmp_path.chmod(0o755)

        with pytest.raises(ValueError, match="open to other accounts"):
            start(state=tmp_path)

        assert tmp_path.stat().st_mode & 0o777 == 0o755

    def test_a_refused_collector_takes_a_new_key(
        self, start: Start, server: FakeServer, clock: FakeClock, key_file: Path
    ) -> None:
        first = start()
        run(first, clock, seconds=10)
        first.link.be_refused("collector_revoked")
        first.spool.add([{"kind": "of the old device"}], clock.now())
        first.close()
        key_file.write_text(ENROLMENT_KEY)

        run(start(), clock, seconds=10)

        old, new = (request.json() for request in server.calls("enrol"))
        assert new["enrolment_key"] == SECRET
        assert new["previous"] is None
        assert new["public_key"] != old["public_key"]
        assert not key_file.exists()
        assert server.records("of the old device") == []


class TestFullDisk:
    def test_holds_what_was_measured_and_goes_on(
        self, start: Start, server: FakeServer, clock: FakeClock
    ) -> None:
        daemon = start()
        run(daemon, clock, seconds=10)
        pages = daemon.spool._db.execute("PRAGMA page_count").fetchone()[0]
        daemon.spool._db.execute(f"PRAGMA max_page_count = {pages}")  # nothing more fits
        run(daemon, clock, seconds=1800, every=30)
        during = len(server.records("device_performance.events"))
        daemon.spool._db.execute("PRAGMA max_page_count = 1000000")

        run(daemon, clock, seconds=1800, every=30)

        assert during < 5
        buckets = {record["bucket"] for record in server.records("device_performance.events")}
        assert len(buckets) >= 10  # none of the hour is missing but the open ones
        assert "2026-03-02T12:15:00.000Z" in buckets

    def test_drops_and_counts_beyond_two_megabytes(
        self, start: Start, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        daemon = start()
        run(daemon, clock, seconds=10)
        monkeypatch.setattr("dex_collector.measurement.HELD_BYTES_MAXIMUM", 2_000)
        daemon.spool._db.execute("PRAGMA query_only = ON")
        record = {"kind": "device_performance.events", "pad": "x" * 700}
        daemon.measurement._keep([record] * 5)
        daemon.spool._db.execute("PRAGMA query_only = OFF")

        daemon.measurement._keep([])

        assert daemon.spool.lost() == {"device_performance.events": 3}


class TestTurns:
    def test_sends_the_first_performance_bucket_at_its_close(
        self, start: Start, server: FakeServer, clock: FakeClock
    ) -> None:
        clock.advance(120)  # the bucket is under way
        daemon = start()

        run(daemon, clock, seconds=180, every=5)

        (record,) = server.records("device_performance.events")
        assert record["bucket"] == "2026-03-02T12:00:00.000Z"
        assert record["bucket_s"] == 300
        assert record["metrics"]["used_memory_bytes"]["count"] == 6

    def test_then_sends_once_in_a_quarter_of_an_hour(
        self, start: Start, server: FakeServer, clock: FakeClock
    ) -> None:
        daemon = start()

        run(daemon, clock, seconds=3600, every=30)

        assert len(server.bodies) in {5, 6}  # first batch, first bucket, and four an hour
        assert len(server.records("device_performance.events")) in {10, 11, 12}

    def test_sends_each_minute_while_a_page_is_open(
        self, start: Start, server: FakeServer, clock: FakeClock
    ) -> None:
        server.send_now = True
        daemon = start()
        run(daemon, clock, seconds=660, every=10)  # until the check-in that says so
        before = len(server.calls("check-in"))

        run(daemon, clock, seconds=300, every=10)

        assert len(server.calls("check-in")) - before in {4, 5, 6}

    def test_goes_on_as_long_as_the_page_is_open(
        self, start: Start, server: FakeServer, clock: FakeClock
    ) -> None:
        server.send_now = True
        daemon = start(probes=())
        run(daemon, clock, seconds=3600, every=10)
        before = len(server.calls("check-in"))

        run(daemon, clock, seconds=300, every=10)

        assert len(server.calls("check-in")) - before in {4, 5, 6}

    def test_takes_turns_each_minute_too(
        self, start: Start, server: FakeServer, clock: FakeClock
    ) -> None:
        daemon = start(probes=())
        daemon.step()
        server.send_now = True
        daemon.check_in()
        server.send_now = False
        sent = []
        for _ in range(14):  # ten minutes are live, the rest is not
            daemon.spool.add([{"kind": "device_performance.boots"}], clock.now())
            run(daemon, clock, seconds=60, every=10)
            sent.append(len(server.bodies))

        assert sent[8] >= 9
        assert sent[-1] - sent[10] <= 1

    def test_fetches_a_newer_configuration_at_once(
        self, start: Start, server: FakeServer, clock: FakeClock
    ) -> None:
        daemon = start()
        run(daemon, clock, seconds=10)
        server.configure(serial_numbers="off")

        run(daemon, clock, seconds=300, every=10)  # the first bucket's batch is answered

        assert daemon.configuration.current.version == 2
        assert len(server.calls("check-in")) == 1

    @pytest.mark.case("collector.24")
    def test_sends_the_two_hundredth_record_at_once(
        self, start: Start, server: FakeServer, clock: FakeClock
    ) -> None:
        daemon = start()
        run(daemon, clock, seconds=320, every=10)  # first batch and first bucket are gone
        before = len(server.bodies)
        record = {"kind": "device_performance.boots", "occurred_at": "2026-03-02T12:00:00.000Z"}
        daemon.spool.add([record] * 199, clock.now())
        daemon.step()
        unsent = len(server.bodies)

        daemon.spool.add([record], clock.now())
        daemon.step()

        assert (unsent, len(server.bodies)) == (before, before + 1)

    def test_keeps_open_buckets_when_it_stops(
        self, start: Start, server: FakeServer, clock: FakeClock
    ) -> None:
        daemon = start()
        run(daemon, clock, seconds=60, every=10)
        daemon.close()

        run(start(), clock, seconds=10)

        assert len(server.records("device_performance.events")) == 1

    def test_answers_need_full_in_the_next_batch(
        self, start: Start, server: FakeServer, clock: FakeClock
    ) -> None:
        first = start()
        run(first, clock, seconds=10)
        first.close()
        server.known_hashes.clear()  # the server lost its base

        run(start(), clock, seconds=320, every=10)

        assert [part["full"] for part in server.parts("hardware")] == [True, False, True]
