"""Upkeep that meets one bad day or one busy table goes on with all others."""

from datetime import date, datetime, timedelta

import pytest
from django.db import connection

from apps.binaries.models import ExecutionDaily
from apps.devices.models import PerformanceDaily
from apps.events import partitions, rollups, upkeep
from apps.events.models import DirtyDay, RolledUpDay
from tests.conftest import NOW
from tests.events.rows import add_sample
from tests.events.sessions import second_session

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fixed_clock")]

YESTERDAY = date(2026, 3, 1)
NOON = NOW - timedelta(days=1)
LATER = NOW + timedelta(hours=1)


@pytest.fixture
def bad_device(db: None) -> int:
    """Return a device whose daily rows only PostgreSQL refuses."""
    with connection.cursor() as cursor:
        cursor.execute(
            "ALTER TABLE devices_performancedaily ADD CONSTRAINT bad CHECK (device_id <> 2)"
        )
    return 2


def dirty_days() -> dict[int, datetime]:
    """Return when each device's day is due."""
    return {row.device_id: row.marked_at for row in DirtyDay.objects.all()}


class TestRollUp:
    def test_puts_a_day_off_that_cannot_be_recomputed(self, bad_device: int) -> None:
        [add_sample(bucket=NOON, device_id=device) for device in (1, bad_device, 3)]
        rollups.mark_dirty(device_id=1, days=[YESTERDAY], now=NOW)
        rollups.mark_dirty(device_id=bad_device, days=[YESTERDAY], now=NOW)
        rollups.mark_dirty(device_id=3, days=[YESTERDAY], now=NOW)

        upkeep.roll_up(now=NOW)

        assert set(PerformanceDaily.objects.values_list("device_id", flat=True)) == {1, 3}
        assert dirty_days() == {bad_device: LATER}


class TestRotation:
    def test_puts_a_table_off_that_is_in_use(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("apps.events.partitions.LOCK_TIMEOUT", "100ms")
        later = NOW + timedelta(days=2)
        planned = partitions.make_plan(now=later).creations

        with second_session() as other, other.cursor() as cursor:
            cursor.execute("BEGIN; LOCK TABLE devices_boot IN SHARE UPDATE EXCLUSIVE MODE")
            postponed = partitions.apply(partitions.make_plan(now=later))
            cursor.execute("ROLLBACK")

        assert {partition.parent for partition in postponed} == {"devices_boot"}
        assert len(planned) > len(postponed)
        assert partitions.apply(partitions.make_plan(now=later)) == []


class TestClockJump:
    def test_drops_no_more_at_once_than_two_days_would(self) -> None:
        upkeep.rotate_partitions(now=NOW)
        jumped = NOW + timedelta(days=400)

        run = upkeep.rotate_partitions(now=jumped)

        assert run is not None
        assert run.counts["dropped"] == 2  # of the real-time table, which keeps two days
        assert run.counts["held"] > 0

    def test_is_believed_at_the_next_run(self) -> None:
        jumped = NOW + timedelta(days=400)
        upkeep.rotate_partitions(now=NOW)
        upkeep.rotate_partitions(now=jumped)

        run = upkeep.rotate_partitions(now=jumped + timedelta(hours=1))

        assert run is not None
        assert run.counts["dropped"] > 0

    def test_back_lets_days_be_closed_again(self) -> None:
        RolledUpDay.objects.create(day=date(2027, 1, 1), rolled_up_at=NOW)
        add_sample(bucket=NOON)

        assert YESTERDAY in rollups.close_days(now=NOW)


class TestKindsOfDifferentTerms:
    @pytest.mark.case("data-model.3")
    def test_a_late_row_of_one_keeps_the_days_of_another_whose_samples_are_gone(self) -> None:
        old = NOW - timedelta(days=20)  # executions are kept 14 days, performance 30
        ExecutionDaily.objects.create(
            id=1, bucket=rollups.day_start(old.date()), device_id=1, context_id=1, binary_id=1
        )
        rollups.mark_dirty(device_id=1, days=[old.date()], now=NOW)

        rollups.roll_up_dirty(before=NOW)

        assert ExecutionDaily.objects.count() == 1
        assert not DirtyDay.objects.exists()
