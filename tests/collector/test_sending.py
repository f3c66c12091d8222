"""The table of answers: what the collector does with each."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from dex_collector import batch
from dex_collector.daemon import Daemon
from dex_collector.spool import Limits
from tests.collector.conftest import run
from tests.collector.fakes import FakeClock, FakeServer, Reply, problem
from tests.collector.sending import boot, send

Start = Callable[..., Daemon]


class TestAccepted:
    def test_moves_the_batch_to_sent(
        self, daemon: Daemon, server: FakeServer, clock: FakeClock
    ) -> None:
        send(daemon, clock)

        assert daemon.spool.rows() == []
        assert table(daemon, "sent")[0][0] == server.bodies[0]["sequence"]

    def test_says_what_the_protocol_asks_for(
        self, daemon: Daemon, server: FakeServer, clock: FakeClock
    ) -> None:
        send(daemon, clock)

        request, body = server.calls("events")[0], server.bodies[0]
        assert request.headers["content-encoding"] == "gzip"
        assert request.headers["dex-device-clock"] == "2026-03-02T12:00:00.000Z"
        assert body["protocol"] == 1
        assert body["boot_id"] == "11111111-1111-4111-8111-111111111111"
        assert body["configuration_version"] == 1
        assert body["device_clock"] == "2026-03-02T12:00:00.000Z"
        assert body["monotonic_ms"] == 100_000_000
        assert body["dropped"] == {}

    @pytest.mark.case("collector.7")
    def test_puts_refused_records_into_quarantine(
        self, daemon: Daemon, server: FakeServer, clock: FakeClock
    ) -> None:
        refused = {"index": 1, "code": "invalid", "pointer": "/events/1/fields/type"}
        server.script("events", Reply(202, {"accepted": 2, "refused": [refused]}))

        send(daemon, clock, boot(1), boot(2), boot(3))

        ((_, _, code, pointer, _, _, body),) = table(daemon, "quarantine")
        assert (code, pointer) == ("invalid", "/events/1/fields/type")
        assert "12:02:00" in body
        assert daemon.spool.read("counters") == {"records_refused": 1}

    def test_counts_refusals_that_come_as_numbers(
        self, daemon: Daemon, server: FakeServer, clock: FakeClock
    ) -> None:
        numbers = {"invalid": 3, "too_old": 4}
        server.script(
            "events", Reply(202, {"accepted": 0, "refused": [], "refused_by_code": numbers})
        )

        send(daemon, clock)

        assert daemon.spool.read("counters") == {"records_refused": 7}

    @pytest.mark.parametrize(("trip", "said"), [(10_000, 10_000), (10_001, None)])
    def test_tells_no_round_trip_that_is_none(
        self,
        daemon: Daemon,
        server: FakeServer,
        clock: FakeClock,
        trip: int,
        said: int | None,
    ) -> None:
        daemon.link.round_trip_ms = trip

        send(daemon, clock)

        assert server.bodies[0].get("round_trip_ms") == said

    def test_outlives_an_answer_that_is_no_json(
        self, daemon: Daemon, server: FakeServer, clock: FakeClock
    ) -> None:
        server.script("events", Reply(202, "accepted"), Reply(202, {"refused": 7, "need_full": 1}))

        send(daemon, clock)
        send(daemon, clock)

        assert daemon.spool.rows() == []


class TestToken:
    def test_is_renewed_by_signature_and_the_same_bytes_go_again(
        self, daemon: Daemon, server: FakeServer, clock: FakeClock
    ) -> None:
        server.refuse_token = True

        send(daemon, clock)

        first, second = server.calls("events")
        assert first.body == second.body
        assert [r.headers.get("dex-signature") is None for r in server.calls("token")] == [
            True,
            False,
        ]
        assert len(server.bodies) == 1

    def test_is_renewed_at_half_of_its_life(
        self, daemon: Daemon, server: FakeServer, clock: FakeClock
    ) -> None:
        clock.advance(timedelta(days=14).total_seconds())
        daemon.step()
        early = len(server.calls("token"))
        clock.advance(timedelta(days=2).total_seconds())

        daemon.step()

        assert (early, len(server.calls("token"))) == (0, 2)

    def test_a_second_refusal_makes_it_unenrolled(
        self, daemon: Daemon, server: FakeServer, clock: FakeClock
    ) -> None:
        server.script("token", problem(401, "collector_revoked"))
        server.refuse_token = True
        send(daemon, clock)
        calls = len(server.requests)

        run(daemon, clock, seconds=5 * 3600, every=300)
        still = len(server.requests)
        clock.advance(3600)
        daemon.step()

        assert calls == still
        assert len(server.requests) > still  # after 6 h it asks again
        assert daemon.spool.rows() == []  # and this time it was accepted

    def test_an_unenrolled_collector_measures_for_a_day(
        self, start: Start, server: FakeServer, clock: FakeClock
    ) -> None:
        daemon = start()
        run(daemon, clock, seconds=10)
        server.refuse_token = True
        server.script("token", *[problem(401, "collector_revoked")] * 20)

        run(daemon, clock, seconds=30 * 3600, every=60)

        kinds = [k for row in daemon.spool.rows() for k in [row.kinds]]
        buckets = sum(kind.get("device_performance.events", 0) for kind in kinds)
        waiting = daemon.spool._db.execute(
            "SELECT count(*) FROM waiting WHERE kind = 'device_performance.events'"
        ).fetchone()[0]
        assert 285 <= buckets + waiting <= 295  # 24 h, not 30

    def test_an_expired_device_enrols_anew_without_a_key(
        self, daemon: Daemon, server: FakeServer, clock: FakeClock, state: Path
    ) -> None:
        server.refuse_token = True
        server.script("token", problem(401, "device_expired"))
        send(daemon, clock)
        server.refuse_token = False

        daemon.step()

        first, second = (request.json() for request in server.calls("enrol"))
        assert second["enrolment_key"] is None
        assert second["previous"]["collector_id"] == "collector-1"
        assert second["receipt"]["document"] == '{"id": "collector-1"}'
        assert second["public_key"] != first["public_key"]
        assert daemon.link.enrolled.collector_id == "collector-2"
        assert daemon.spool.rows() == []  # rows of before are not the new device's
        assert len(list(state.glob("identity.aside-*.json"))) == 1


class TestPostponed:
    @pytest.mark.case("collector.6")
    def test_keeps_silent_as_long_as_retry_after_says(
        self, daemon: Daemon, server: FakeServer, clock: FakeClock
    ) -> None:
        server.script("events", problem(429, "throttled", Retry_After="30"))
        send(daemon, clock)
        calls = len(server.requests)

        run(daemon, clock, seconds=29, every=1)
        silent = len(server.requests)
        run(daemon, clock, seconds=10, every=1)

        assert silent == calls
        assert len(server.bodies) == 1
        first, second = server.calls("events")
        assert first.body == second.body

    def test_caps_retry_after_at_an_hour(
        self, daemon: Daemon, server: FakeServer, clock: FakeClock
    ) -> None:
        server.script("events", problem(503, "disk_full", Retry_After="86400"))

        send(daemon, clock)

        assert 3600 <= daemon.patience.remaining(clock.monotonic()) <= 3600 * 1.2

    @pytest.mark.parametrize("status", [408, 500, 502, 504, 307])
    def test_keeps_the_batch_and_backs_off(
        self, daemon: Daemon, server: FakeServer, clock: FakeClock, status: int
    ) -> None:
        server.script("events", Reply(status, None, {"Location": "http://127.0.0.1:1/"}))
        send(daemon, clock)
        kept = len(daemon.spool.rows())

        run(daemon, clock, seconds=15, every=1)

        first, second = server.calls("events")
        assert kept == 1
        assert first.body == second.body
        assert daemon.spool.rows() == []

    def test_waits_longer_after_each_failure(
        self, daemon: Daemon, server: FakeServer, clock: FakeClock
    ) -> None:
        server.is_down = True
        waits = []
        for _ in range(12):
            send(daemon, clock)
            waits.append(daemon.patience.remaining(clock.monotonic()))
            clock.advance(waits[-1])

        assert waits[0] <= 10
        assert waits == sorted(waits)
        assert waits[-1] == pytest.approx((5 + 900) / 2)  # the middle of the full jitter

    def test_says_why(self, daemon: Daemon, server: FakeServer, clock: FakeClock) -> None:
        server.is_down = True

        send(daemon, clock)

        assert daemon.spool.read("not_sending").startswith("the server cannot be reached")


class TestRefused:
    @pytest.mark.case("collector.7")
    @pytest.mark.parametrize("status", [400, 404, 415, 422])
    def test_a_batch_goes_into_quarantine_and_the_next_one_through(
        self, daemon: Daemon, server: FakeServer, clock: FakeClock, status: int
    ) -> None:
        server.script("events", problem(status, "envelope_unreadable"))
        daemon.spool.add([boot(1)], clock.now())
        daemon.sender.seal()

        send(daemon, clock, boot(2))

        assert [body["events"][0]["occurred_at"][14:16] for body in server.bodies] == ["02"]
        assert table(daemon, "quarantine")[0][2] == "envelope_unreadable"
        assert daemon.spool.lost() == {"device_performance.boots": 1}

    def test_too_large_is_split_once_with_new_sequences(
        self, daemon: Daemon, server: FakeServer, clock: FakeClock
    ) -> None:
        server.script("events", problem(413, "too_large"))

        send(daemon, clock, boot(1), boot(2), boot(3))

        assert [len(body["events"]) for body in server.bodies] == [1, 2]
        sequences = [request.json()["sequence"] for request in server.calls("events")]
        assert sequences == [1, 2, 3]

    def test_a_half_or_a_single_record_too_large_goes_into_quarantine(
        self, daemon: Daemon, server: FakeServer, clock: FakeClock
    ) -> None:
        server.script("events", *[problem(413, "too_large")] * 4)

        send(daemon, clock, boot(1), boot(2))
        send(daemon, clock, boot(3))

        assert len(table(daemon, "quarantine")) == 3
        assert daemon.spool.rows() == []

    def test_an_erased_device_empties_its_spool_and_stops(
        self, daemon: Daemon, server: FakeServer, clock: FakeClock, state: Path
    ) -> None:
        server.script("events", problem(410, "device_erased"))

        send(daemon, clock)

        assert daemon.is_erased
        assert [table(daemon, name) for name in ("waiting", "outbox", "sent", "quarantine")] == [
            [],
            [],
            [],
            [],
        ]
        assert not (state / "identity.json").exists()
        assert len(list(state.glob("identity.aside-*.json"))) == 1

    def test_takes_at_most_twenty_batches_a_turn(
        self, daemon: Daemon, server: FakeServer, clock: FakeClock
    ) -> None:
        for minute in range(25):
            daemon.spool.add([boot(minute)], clock.now())
            daemon.sender.seal()

        daemon.turn()

        assert len(server.bodies) == 20


class TestRestoredServer:
    @pytest.mark.case("collector.22")
    def test_gets_everything_sent_once_more_byte_for_byte(
        self, daemon: Daemon, server: FakeServer, clock: FakeClock
    ) -> None:
        for minute in range(3):
            send(daemon, clock, boot(minute))
        before = dict(server.batches)
        server.batches.pop(next(iter(before)))  # the youngest backup lacks one
        server.generation = 2

        daemon.check_in()
        daemon.step()
        daemon.step()

        again = [request.body for request in server.calls("events")[3:]]
        assert again == list(before.values())
        assert server.batches == before | server.batches
        assert len(server.batches) == 3

    def test_is_not_seen_in_the_same_generation(
        self, daemon: Daemon, server: FakeServer, clock: FakeClock
    ) -> None:
        send(daemon, clock)

        daemon.check_in()
        daemon.step()

        assert len(server.calls("events")) == 1


class TestLongSilence:
    @pytest.mark.case("collector.5")
    def test_loses_the_oldest_and_counts_exactly(
        self, start: Start, server: FakeServer, clock: FakeClock
    ) -> None:
        daemon = start(probes=(), limits=Limits(bytes_maximum=10_000, low_disk_bytes=0))
        daemon.step()
        server.is_down = True
        made = 0
        for _ in range(3 * 24):  # three days
            daemon.spool.add([boot(made % 60) | {"n": made + i} for i in range(12)], clock.now())
            made += 12
            clock.advance(3600)
            daemon.step()
        server.is_down = False

        run(daemon, clock, seconds=7200, every=60)

        arrived = len(server.records("device_performance.boots"))
        dropped = server.bodies[-1]["dropped"]["device_performance.boots"]
        assert 0 < arrived < made
        assert dropped == made - arrived
        assert server.records("device_performance.boots")[-1]["n"] == made - 1


class TestClockSkew:
    @pytest.mark.case("collector.16")
    def test_tells_the_wrong_clock_of_each_try(
        self, daemon: Daemon, server: FakeServer, clock: FakeClock
    ) -> None:
        clock.set_wall(clock.now() - timedelta(days=2))
        server.script("events", Reply(500))

        send(daemon, clock)
        run(daemon, clock, seconds=20, every=5)

        assert server.bodies[0]["device_clock"] == "2026-02-28T12:00:00.000Z"
        first, second = (r.headers["dex-device-clock"] for r in server.calls("events"))
        assert first == "2026-02-28T12:00:00.000Z"
        assert first < second < "2026-02-28T12:01:00.000Z"


def table(daemon: Daemon, name: str) -> list[tuple[Any, ...]]:
    return daemon.spool._db.execute(f"SELECT * FROM {name}").fetchall()


def test_packing_is_deterministic() -> None:
    content = {"a": [1, 2], "b": "ü"}

    assert batch.pack(content) == batch.pack(content)
    assert batch.unpack(batch.pack(content)) == content
