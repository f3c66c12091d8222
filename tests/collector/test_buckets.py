"""Buckets and the inventory's hashes."""

import hashlib
from datetime import timedelta

import pytest

from dex_collector.buckets import Buckets
from dex_collector.inventory import Inventory, Part, content_hash
from dex_collector.probes.base import Sample
from dex_collector.probes.executions_linux import fold_small
from dex_collector.spool import Spool
from tests.collector.fakes import NOON, FakeClock

DEVICE = "device_performance.events"


def reading(value: float) -> Sample:
    return Sample(kind=DEVICE, gauges={"g": value}, counters={"c": 2}, fields={"f": value})


def usage(binary: str, cpu_ms: int, user: str = "ada") -> Sample:
    return Sample(
        kind="execution.events",
        gauges={"memory_bytes": 10},
        counters={"cpu_time_ms": cpu_ms, "execution_duration_ms": 60_000},
        user={"name": user, "type": "local_user"},
        binary={"name": binary},
    )


class TestBuckets:
    def test_add_gauges_and_counters_up(self) -> None:
        buckets = Buckets({})
        for value in (1, 4, 2.5):
            buckets.add(reading(value), NOON + timedelta(seconds=value))

        (record,) = buckets.close_ended(NOON + timedelta(seconds=300))

        assert record == {
            "kind": DEVICE,
            "bucket": "2026-03-02T12:00:00.000Z",
            "bucket_s": 300,
            "fields": {"f": 2.5},
            "metrics": {"g": {"sum": 7.5, "count": 3, "min": 1, "max": 4}, "c": {"sum": 6}},
        }

    @pytest.mark.parametrize(("second", "closed"), [(299, 0), (300, 1), (-1, 1)])
    def test_close_when_their_time_is_over_or_the_clock_was_set_back(
        self, second: int, closed: int
    ) -> None:
        buckets = Buckets({})
        buckets.add(reading(1), NOON)

        assert len(buckets.close_ended(NOON + timedelta(seconds=second))) == closed

    def test_close_at_the_last_reading_before_a_sleep(self) -> None:
        buckets = Buckets({})
        buckets.add(reading(1), NOON)

        (record,) = buckets.add(reading(5), NOON + timedelta(hours=8))

        assert record["metrics"]["g"]["max"] == 1

    def test_are_longer_where_a_person_is_in_the_row(self) -> None:
        buckets = Buckets({})
        buckets.add(usage("x", 100), NOON + timedelta(minutes=14))

        (record,) = buckets.close_all()

        assert (record["bucket"], record["bucket_s"]) == ("2026-03-02T12:00:00.000Z", 900)


class TestOther:
    def test_holds_what_used_hardly_anything(self) -> None:
        buckets = Buckets({"execution.events": fold_small})
        for sample in (usage("big", 50), usage("a", 49), usage("b", 1), usage("c", 0, "ben")):
            buckets.add(sample, NOON)

        records = buckets.close_all()

        assert [(r["user"]["name"], r["binary"]["name"]) for r in records] == [
            ("ada", "big"),
            ("ada", "other"),
            ("ben", "other"),
        ]
        assert records[1]["metrics"]["cpu_time_ms"] == {"sum": 50}
        assert records[1]["metrics"]["execution_duration_ms"] == {"sum": 60_000}
        assert records[1]["metrics"]["memory_bytes"]["count"] == 2

    def test_counts_a_binary_by_the_whole_bucket(self) -> None:
        buckets = Buckets({"execution.events": fold_small})
        buckets.add(usage("a", 30), NOON)
        buckets.add(usage("a", 30), NOON + timedelta(minutes=1))

        (record,) = buckets.close_all()

        assert record["binary"] == {"name": "a"}


class TestInventory:
    def test_hash_is_that_of_canonical_json(self) -> None:
        plain = '{"a":"ü","b":1}'

        assert content_hash({"b": 1, "a": "ü"}, None) == hashlib.sha256(plain.encode()).hexdigest()
        assert (
            content_hash(None, [{"n": 2}, {"n": 1}])
            == hashlib.sha256(b'[{"n":1},{"n":2}]').hexdigest()
        )

    def test_sends_whole_then_nothing_then_a_heartbeat_a_day_later(
        self, spool: Spool, clock: FakeClock
    ) -> None:
        inventory, part = Inventory(spool), Part("hardware", {"model": "x"})

        first = inventory.records_for(part, clock.now())
        second = inventory.records_for(part, clock.now() + timedelta(hours=23))
        third = inventory.records_for(part, clock.now() + timedelta(hours=24))

        assert first == [
            {"part": "hardware", "hash": part.hash, "full": True, "fields": {"model": "x"}}
        ]
        assert second == []
        assert third[0]["hash"] == third[0]["base"] == part.hash
        assert third[0]["full"] is False

    def test_sends_a_heartbeat_after_a_start(self, spool: Spool, clock: FakeClock) -> None:
        part = Part("disks", items=[{"name": "sda"}])
        Inventory(spool).records_for(part, clock.now())

        (record,) = Inventory(spool).records_for(part, clock.now())

        assert record["full"] is False

    def test_sends_whole_what_changed_or_was_asked_for(
        self, spool: Spool, clock: FakeClock
    ) -> None:
        inventory = Inventory(spool)
        inventory.records_for(Part("disks", items=[]), clock.now())

        changed = inventory.records_for(Part("disks", items=[{"name": "sda"}]), clock.now())
        asked = inventory.needed(["disks", "unknown"], clock.now())

        assert changed == asked
        assert asked[0]["items"] == [{"name": "sda"}]
