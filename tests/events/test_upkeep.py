"""What the periodic tasks do: twice, at once, after days off, and beside ingest."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import date, timedelta
from threading import Event
from typing import Any

import pytest
from django.db import connections, transaction

from apps.devices.models import PerformanceDaily, PerformanceSample
from apps.events import health, rollups, tasks, upkeep
from apps.events.models import DirtyDay, ReceivedBatch, RolledUpDay, UpkeepRun
from tests.conftest import NOW
from tests.events.rows import add_sample
from tests.events.sessions import at_once, holding

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fixed_clock")]

TODAY = date(2026, 3, 2)
YESTERDAY = TODAY - timedelta(days=1)
LATE = NOW - timedelta(days=1)


def counts(run: UpkeepRun | None) -> dict[str, int]:
    """Return what a run did."""
    assert run is not None
    return dict(run.counts)


def sums() -> list[int | None]:
    """Return the sums of the daily rows, by day."""
    rows = PerformanceDaily.objects.order_by("bucket")
    return list(rows.values_list("battery_duration_on_battery_ms_sum", flat=True))


def add(days_ago: int = 1, amount: int = 1, **values: Any) -> PerformanceSample:
    """Add a sample of an earlier day."""
    bucket = NOW - timedelta(days=days_ago)
    return add_sample(bucket=bucket, battery_duration_on_battery_ms_sum=amount, **values)


class TestRollUp:
    @pytest.mark.case("data-model.3")
    def test_writes_no_row_of_the_running_day(self) -> None:
        add(days_ago=0)
        add(days_ago=1)

        upkeep.roll_up(now=NOW)

        assert PerformanceDaily.objects.get().bucket == rollups.day_start(YESTERDAY)

    def test_waits_an_hour_after_the_end_of_a_day(self) -> None:
        add()
        end = rollups.day_end(YESTERDAY)

        early = upkeep.roll_up(now=end + timedelta(minutes=59))
        in_time = upkeep.roll_up(now=end + timedelta(minutes=60))

        assert counts(early) == {"days_closed": 0, "device_days": 0}
        assert counts(in_time) == {"days_closed": 1, "device_days": 1}

    def test_catches_up_after_days_off(self) -> None:
        add(days_ago=3)
        upkeep.roll_up(now=NOW - timedelta(days=2))
        add(days_ago=2, amount=2)
        add(days_ago=1, amount=3)

        run = upkeep.roll_up(now=NOW)

        assert counts(run) == {"days_closed": 2, "device_days": 2}
        assert sums() == [1, 2, 3]

    def test_does_nothing_the_second_time(self) -> None:
        add()
        upkeep.roll_up(now=NOW)

        again = upkeep.roll_up(now=NOW)

        assert counts(again) == {"days_closed": 0, "device_days": 0}
        assert sums() == [1]

    def test_closes_days_without_samples(self) -> None:
        RolledUpDay.objects.create(day=TODAY - timedelta(days=3), rolled_up_at=NOW)

        upkeep.roll_up(now=NOW)

        assert list(RolledUpDay.objects.order_by("day").values_list("day", flat=True)) == [
            TODAY - timedelta(days=3),
            TODAY - timedelta(days=2),
            YESTERDAY,
        ]

    def test_takes_more_keys_than_one_transaction_holds(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(upkeep, "ROLL_UP_CHUNK", 2)
        [add(device_id=number) for number in range(1, 6)]

        run = upkeep.roll_up(now=NOW)

        assert counts(run)["device_days"] == 5
        assert sums() == [1] * 5

    def test_recomputes_what_a_deletion_marked(self) -> None:
        add()
        upkeep.roll_up(now=NOW)
        PerformanceDaily.objects.update(battery_duration_on_battery_ms_sum=99)
        rollups.mark_dirty(device_id=1, days=[YESTERDAY], now=NOW)

        upkeep.roll_up(now=NOW)

        assert sums() == [1]
        assert not DirtyDay.objects.exists()


class TestRace:
    """Ingest and roll-up at the same time, on real connections."""

    def test_keeps_a_mark_whose_rows_are_not_committed(self, clean_database: None) -> None:
        add()
        rollups.mark_dirty(device_id=1, days=[YESTERDAY], now=NOW)
        stored, go_on = Event(), Event()

        def ingest() -> None:
            with transaction.atomic():
                add(amount=10)
                rollups.mark_dirty(device_id=1, days=[YESTERDAY], now=NOW)
                stored.set()
                assert go_on.wait(20)

        with ThreadPoolExecutor() as pool:
            other = beside(pool, ingest)
            assert stored.wait(20)
            meanwhile = rollups.roll_up_dirty()
            go_on.set()
            other.result(20)

        assert meanwhile == 0
        assert rollups.roll_up_dirty() == 1
        assert sums() == [11]

    def test_makes_the_mark_anew_that_a_roll_up_has_taken(self, clean_database: None) -> None:
        add()
        rollups.mark_dirty(device_id=1, days=[YESTERDAY], now=NOW)

        def ingest() -> None:
            with transaction.atomic():
                add(amount=10)
                rollups.mark_dirty(device_id=1, days=[YESTERDAY], now=NOW)

        with ThreadPoolExecutor() as pool:
            with transaction.atomic():
                rollups.roll_up_dirty()
                other = beside(pool, ingest)
                assert not other.done()
            other.result(20)

        assert DirtyDay.objects.count() == 1
        assert rollups.roll_up_dirty() == 1
        assert sums() == [11]

    def test_shares_the_keys_between_workers(self, clean_database: None) -> None:
        [add(device_id=number) for number in range(1, 5)]
        rollups.close_days(now=NOW)

        taken = at_once(
            lambda: rollups.roll_up_dirty(limit=2), lambda: rollups.roll_up_dirty(limit=2)
        )

        assert taken == [2, 2]
        assert sums() == [1] * 4

    def test_rolls_up_once_when_two_tasks_start(self, clean_database: None) -> None:
        add()

        at_once(lambda: upkeep.roll_up(now=NOW), lambda: upkeep.roll_up(now=NOW))

        assert sums() == [1]
        assert sum(run.counts["device_days"] for run in UpkeepRun.objects.all()) == 1

    def test_leaves_the_work_to_a_worker_that_is_at_it(self, clean_database: None) -> None:
        add()

        with holding("events.roll_up"):
            run = upkeep.roll_up(now=NOW)

        assert run is None
        assert sums() == []


def beside(pool: ThreadPoolExecutor, work: Callable[[], None]) -> Future[None]:
    """Start `work` in a thread with a connection of its own."""

    def run() -> None:
        try:
            work()
        finally:
            connections.close_all()

    return pool.submit(run)


class TestPurge:
    def test_forgets_batches_after_the_retry_window(self) -> None:
        note(1, NOW - timedelta(days=30, seconds=1))
        note(2, NOW - timedelta(days=30))

        run = upkeep.purge_batch_notes(now=NOW)

        assert counts(run)["batch_notes"] == 1
        assert ReceivedBatch.objects.get().sequence == 2

    def test_goes_on_after_the_first_thousands(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(upkeep, "NOTES_PER_DELETE", 2)
        [note(number, NOW - timedelta(days=31)) for number in range(5)]

        run = upkeep.purge_batch_notes(now=NOW)

        assert counts(run)["batch_notes"] == 5

    def test_forgets_old_runs(self) -> None:
        old = NOW - timedelta(days=31)
        UpkeepRun.objects.create(task="events.roll_up", started_at=old, finished_at=old)

        run = upkeep.purge_batch_notes(now=NOW)

        assert counts(run)["upkeep_runs"] == 1


def note(sequence: int, received_at: Any) -> ReceivedBatch:
    """Keep a note of a batch."""
    return ReceivedBatch.objects.create(
        device_id=1,
        epoch="0" * 16,
        sequence=sequence,
        body_hash=b"",
        answer="{}",
        received_at=received_at,
    )


class TestTasks:
    @pytest.mark.parametrize("name", ["rotate_partitions", "roll_up", "purge_batch_notes"])
    def test_leave_a_run_each_time(self, name: str) -> None:
        task = getattr(tasks, name)

        task()
        task(of_a_newer_version=True)

        runs = UpkeepRun.objects.values_list("task", flat=True)
        assert list(runs) == [f"events.{name}"] * 2


class TestHealth:
    def test_is_red_where_tables_of_the_coming_days_are_missing(self) -> None:
        found = health.partitions_ahead(NOW + timedelta(days=3))

        assert found.level == "error"

    def test_is_green_where_they_are_made(self) -> None:
        assert health.partitions_ahead(NOW).level == "ok"

    def test_warns_of_marks_that_stay(self) -> None:
        DirtyDay.objects.create(
            device_id=1, day=YESTERDAY, marked_at=NOW - timedelta(hours=6, minutes=1)
        )

        assert health.roll_up_keeps_up(NOW).level == "warning"
        assert health.roll_up_keeps_up(NOW - timedelta(hours=1)).level == "ok"
