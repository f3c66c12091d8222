"""Partitions of event tables: planned, made, held and dropped."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.db import connection

from apps.core.locks import advisory_lock
from apps.devices.models import Boot, PerformanceDaily, PerformanceSample
from apps.events import kinds, partitions, rollups, upkeep
from apps.events.models import DirtyDay, RolledUpDay
from apps.events.partitions import Partition
from tests.conftest import NOW
from tests.events.rows import add_sample
from tests.events.sessions import holding

pytestmark = pytest.mark.django_db

BOOTS = Boot._meta.db_table
SAMPLES = PerformanceSample._meta.db_table
DAILY = PerformanceDaily._meta.db_table
TODAY = date(2026, 3, 2)
KEPT_DAYS = 30  # operational and highres


@pytest.fixture
def whole_term(settings: Any) -> None:
    """Plan from the retention to seven days ahead, as production does."""
    settings.DEX_PARTITION_DAYS_BEHIND = None
    settings.DEX_PARTITION_DAYS_AHEAD = 7


@pytest.fixture
def rolled_up(db: None) -> None:
    """Have every ended day handed to the roll-up."""
    RolledUpDay.objects.create(day=TODAY - timedelta(days=1), rolled_up_at=NOW)


@pytest.fixture(params=["Europe/Zurich", "Pacific/Auckland"])
def zone(request: pytest.FixtureRequest, settings: Any) -> str:
    """Put the instance into a zone whose days are not those of UTC."""
    settings.TIME_ZONE = request.param
    return str(request.param)


def day(number: int) -> date:
    """Return the day `number` days from today."""
    return TODAY + timedelta(days=number)


def daily_partition(table: str, start: date) -> Partition:
    """Return a partition of one UTC day."""
    return Partition(table, start, start + timedelta(days=1))


def planned(table: str, now: datetime = NOW) -> list[Partition]:
    """Return what of one table a plan would create or has already, in order.

    Migrations made partitions around the real day, too: those after the plan are left out.
    """
    plan = partitions.make_plan(now=now)
    last = now.date() + timedelta(days=django_settings.DEX_PARTITION_DAYS_AHEAD)
    existing = {p for p in partitions.existing_partitions()[table] if p.start <= last}
    return sorted({p for p in plan.creations if p.parent == table} | existing)


class TestPlan:
    @pytest.mark.usefixtures("whole_term")
    def test_reaches_from_the_retention_to_seven_days_ahead(self) -> None:
        boots = planned(BOOTS)

        assert (boots[0].start, boots[-1].start) == (day(-KEPT_DAYS), day(7))
        assert len(boots) == KEPT_DAYS + 1 + 7

    @pytest.mark.usefixtures("whole_term")
    def test_leaves_no_gap(self) -> None:
        boots = planned(BOOTS)

        assert [p.end for p in boots[:-1]] == [p.start for p in boots[1:]]

    @pytest.mark.usefixtures("whole_term")
    def test_cuts_daily_tables_by_month(self) -> None:
        daily = planned(DAILY)

        assert daily[0] == Partition(DAILY, date(2025, 1, 1), date(2025, 2, 1))
        assert daily[-1] == Partition(DAILY, date(2026, 3, 1), date(2026, 4, 1))
        assert len(daily) == 15

    def test_makes_the_month_in_which_a_day_of_the_zone_begins(
        self, settings: Any, zone: str
    ) -> None:
        settings.DEX_PARTITION_DAYS_BEHIND = settings.DEX_PARTITION_DAYS_AHEAD = 0

        daily = planned(DAILY, datetime(2026, 5, 1, 12, tzinfo=UTC))

        begins = rollups.day_start(date(2026, 5, 1)).astimezone(UTC).date()
        assert begins == date(2026, 4, 30)
        assert any(p.start <= begins < p.end for p in daily)

    @pytest.mark.usefixtures("whole_term")
    def test_is_empty_once_it_was_applied(self) -> None:
        partitions.apply(partitions.make_plan(now=NOW))

        again = partitions.make_plan(now=NOW)

        assert (again.creations, again.drops) == ([], [])

    @pytest.mark.usefixtures("whole_term")
    def test_completes_a_half_done_one(self) -> None:
        plan = partitions.make_plan(now=NOW)
        partitions.apply(partitions.Plan(creations=plan.creations[:7]))

        rest = partitions.make_plan(now=NOW).creations

        assert sorted(rest) == sorted(plan.creations[7:])

    def test_covers_every_event_table(self) -> None:
        tables = {model._meta.db_table for model, _ in kinds.event_models()}

        assert set(partitions.existing_partitions()) == tables

    def test_reads_bounds_that_are_printed_in_another_zone(self, zone: str) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('TimeZone', %s, true)", [zone])

        found = partitions.existing_partitions()

        assert daily_partition(BOOTS, TODAY) in found[BOOTS]
        assert Partition(DAILY, date(2026, 3, 1), date(2026, 4, 1)) in found[DAILY]


@pytest.mark.usefixtures("rolled_up")
class TestDrops:
    @pytest.mark.case("data-model.7")
    def test_takes_the_rows_past_their_term(self) -> None:
        add_sample(bucket=NOW)
        later = NOW + timedelta(days=KEPT_DAYS + 1)
        RolledUpDay.objects.create(day=later.date() - timedelta(days=1), rolled_up_at=later)

        partitions.apply(partitions.make_plan(now=later))

        assert PerformanceSample.objects.count() == 0
        assert daily_partition(SAMPLES, TODAY) not in partitions.existing_partitions()[SAMPLES]

    def test_keeps_the_day_that_holds_the_oldest_row(self) -> None:
        later = NOW + timedelta(days=KEPT_DAYS)
        RolledUpDay.objects.create(day=later.date() - timedelta(days=1), rolled_up_at=later)

        drops = partitions.make_plan(now=later).drops

        assert daily_partition(BOOTS, day(-1)) in drops
        assert daily_partition(BOOTS, TODAY) not in drops

    def test_waits_for_a_dirty_day(self) -> None:
        later = NOW + timedelta(days=KEPT_DAYS + 1)
        RolledUpDay.objects.create(day=later.date() - timedelta(days=1), rolled_up_at=later)
        DirtyDay.objects.create(device_id=1, day=TODAY, marked_at=NOW)

        plan = partitions.make_plan(now=later)

        assert daily_partition(SAMPLES, TODAY) in plan.held
        assert daily_partition(SAMPLES, TODAY) not in plan.drops

    def test_does_not_hold_what_is_not_rolled_up(self) -> None:
        later = NOW + timedelta(days=KEPT_DAYS + 1)
        DirtyDay.objects.create(device_id=1, day=TODAY, marked_at=NOW)

        assert daily_partition(BOOTS, TODAY) in partitions.make_plan(now=later).drops

    def test_waits_for_days_that_were_never_closed(self) -> None:
        later = NOW + timedelta(days=KEPT_DAYS + 1)

        plan = partitions.make_plan(now=later)  # the roll-up stopped on the first of March

        assert daily_partition(SAMPLES, TODAY) in plan.held

    def test_waits_for_both_days_of_the_zone_that_it_touches(self, zone: str) -> None:
        # 2 March UTC holds the end of the zone's 2nd and the begin of its 3rd.
        later = NOW + timedelta(days=KEPT_DAYS + 3)
        RolledUpDay.objects.create(
            day=rollups.day_of(later) - timedelta(days=1), rolled_up_at=later
        )
        DirtyDay.objects.create(device_id=1, day=date(2026, 3, 3), marked_at=NOW)

        plan = partitions.make_plan(now=later)

        assert daily_partition(SAMPLES, TODAY) in plan.held
        assert daily_partition(SAMPLES, day(-1)) in plan.drops

    def test_keeps_a_partition_while_late_rows_may_change_its_day(self, zone: str) -> None:
        # The zone's 3 March begins on 2 March UTC and still takes rows.
        end = rollups.day_end(date(2026, 3, 3))
        before = end + timedelta(days=KEPT_DAYS) - timedelta(minutes=1)
        RolledUpDay.objects.create(
            day=rollups.day_of(before) - timedelta(days=1), rolled_up_at=before
        )

        held = partitions.make_plan(now=before).held
        dropped = partitions.make_plan(now=before + timedelta(minutes=1)).drops

        assert daily_partition(SAMPLES, TODAY) in held
        assert daily_partition(SAMPLES, TODAY) in dropped


class TestDays:
    @pytest.mark.parametrize(
        ("name", "on", "hours"),
        [
            ("Europe/Zurich", date(2026, 3, 29), 23),
            ("Europe/Zurich", date(2026, 10, 25), 25),
            ("Pacific/Auckland", date(2026, 9, 27), 23),
            ("Pacific/Auckland", date(2026, 4, 5), 25),
            ("UTC", date(2026, 3, 29), 24),
        ],
    )
    def test_have_their_own_length(self, settings: Any, name: str, on: date, hours: int) -> None:
        settings.TIME_ZONE = name

        start, end = rollups.day_start(on), rollups.day_end(on)

        assert end.astimezone(UTC) - start.astimezone(UTC) == timedelta(hours=hours)
        assert rollups.day_of(start) == on
        assert rollups.day_of(end - timedelta(microseconds=1)) == on


class TestConcurrentRuns:
    def test_leave_the_work_to_the_first(self, clean_database: None) -> None:
        with holding("events.rotate_partitions"):
            run = upkeep.rotate_partitions(now=NOW)

        assert run is None

    def test_take_up_the_work_afterwards(self, clean_database: None) -> None:
        with advisory_lock("events.rotate_partitions"):
            pass

        run = upkeep.rotate_partitions(now=NOW)

        assert run is not None
        assert run.counts["created"] == 0
