"""Daily rows, against what Python computes of the same samples."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.db.models import Max, Min, Sum
from hypothesis import HealthCheck, given
from hypothesis import settings as profile
from hypothesis import strategies as st

from apps.binaries.models import ExecutionDaily, ExecutionSample
from apps.devices.models import PerformanceDaily, PerformanceSample
from apps.events import partitions, rollups
from apps.events.kinds import SampledKind, find
from apps.events.models import DirtyDay
from tests.conftest import NOW
from tests.events.rows import add_execution, add_sample

pytestmark = pytest.mark.django_db

BIGGEST = 2**63 - 1
YESTERDAY = date(2026, 3, 1)
PART_NAMES = ("sum", "count", "min", "max")
Figures = tuple[Any, Any, Any, Any]
NOTHING: Figures = (None, None, None, None)

amounts = st.integers(0, 10**9)
gauges = st.lists(amounts, min_size=1, max_size=3).map(lambda v: (sum(v), len(v), min(v), max(v)))


@dataclass(frozen=True)
class Sample:
    """One generated row of executions."""

    slot: int  # quarters of an hour from the day's start
    device: int
    context: int
    user: int | None
    binary: int
    visibility: str | None
    cpu_time: int | None
    memory: Figures | None
    handshake: Figures | None

    @property
    def key(self) -> tuple[Any, ...]:
        return (self.device, self.context, self.user, self.binary, self.visibility)

    def values(self) -> dict[str, Any]:
        """Return the row's columns."""
        return {
            "device_id": self.device,
            "context_id": self.context,
            "user_id": self.user,
            "binary_id": self.binary,
            "highest_process_visibility": self.visibility,
            "cpu_time_ms_sum": self.cpu_time,
            **columns("memory_bytes", self.memory or NOTHING),
            **columns("connection_establishment_time_ms", self.handshake or NOTHING),
        }


samples = st.builds(
    Sample,
    slot=st.integers(-6, 106),  # also before and after the day
    device=st.integers(1, 2),
    context=st.integers(1, 2),
    user=st.none() | st.integers(1, 2),
    binary=st.integers(1, 2),
    visibility=st.none() | st.sampled_from(["foreground", "background"]),
    cpu_time=st.none() | amounts,
    memory=st.none() | gauges,
    handshake=st.none() | gauges,
)


def columns(name: str, figures: Figures) -> dict[str, Any]:
    """Return the four columns of one gauge."""
    return dict(zip((f"{name}_{part}" for part in PART_NAMES), figures, strict=True))


def merged(figures: Iterable[Figures | None]) -> Figures:
    """Return what several rows of a gauge are together."""
    present = [f for f in figures if f is not None]
    sums, counts, least, most = zip(*present, strict=True) if present else ((), (), (), ())
    return (sum(sums), sum(counts), min(least), max(most)) if present else NOTHING


def as_gauge(amount: int | None) -> Figures | None:
    """Return a bucket's counter as the one reading that it is for its day."""
    return None if amount is None else (amount, 1, amount, amount)


def expected(rows: list[Sample], slots: int) -> dict[tuple[Any, ...], tuple[Figures, ...]]:
    """Return the daily figures of `rows` by key, for a day of so many quarters of an hour."""
    groups: dict[tuple[Any, ...], list[Sample]] = defaultdict(list)
    for row in rows:
        groups[row.key] += [row] * (0 <= row.slot < slots)
    return {
        key: (
            merged(as_gauge(row.cpu_time) for row in group),
            merged(row.memory for row in group),
            merged(row.handshake for row in group),
        )
        for key, group in groups.items()
        if group
    }


def stored(day: date) -> dict[tuple[Any, ...], tuple[Figures, ...]]:
    """Return the daily figures in the table, in the same form."""
    return {
        (r.device_id, r.context_id, r.user_id, r.binary_id, r.highest_process_visibility): tuple(
            tuple(getattr(r, f"{name}_{part}") for part in PART_NAMES)
            for name in ("cpu_time_ms", "memory_bytes", "connection_establishment_time_ms")
        )
        for r in ExecutionDaily.objects.filter(bucket=rollups.day_start(day))
    }


def kind(name: str) -> SampledKind:
    """Return a sampled kind."""
    found = find(name)
    assert isinstance(found, SampledKind)
    return found


def roll_up(day: date = YESTERDAY, name: str = "device_performance.events") -> None:
    """Recompute the devices 1 and 2."""
    rollups.recompute(kind(name), day=day, device_ids=[1, 2])


@pytest.fixture(
    params=[
        ("UTC", date(2026, 3, 1), 24),
        ("Europe/Zurich", date(2026, 3, 29), 23),
        ("Europe/Zurich", date(2026, 10, 25), 25),
        ("Pacific/Auckland", date(2026, 9, 27), 23),
        ("Pacific/Auckland", date(2026, 4, 5), 25),
    ],
    ids=lambda param: f"{param[0]}-{param[2]}",
)
def day(request: pytest.FixtureRequest, settings: Any, db: None) -> tuple[date, int]:
    """Return a day and its quarters of an hour, its partitions being made."""
    settings.TIME_ZONE, on, hours = request.param
    settings.DEX_PARTITION_DAYS_BEHIND = settings.DEX_PARTITION_DAYS_AHEAD = 2
    noon = datetime(on.year, on.month, on.day, 12, tzinfo=UTC)
    partitions.apply(partitions.Plan(creations=partitions.make_plan(now=noon).creations))
    return on, hours * 4


@pytest.fixture
def early(settings: Any) -> datetime:
    """Return the first quarter of an hour of yesterday."""
    return rollups.day_start(YESTERDAY)


class TestRecompute:
    @pytest.mark.case("data-model.3")
    @profile(
        max_examples=25,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture],
    )
    @given(rows=st.lists(samples, max_size=25))
    def test_gives_the_sums_counts_least_and_greatest_of_the_samples(
        self, day: tuple[date, int], rows: list[Sample]
    ) -> None:
        on, slots = day
        ExecutionSample.objects.all().delete()
        start = rollups.day_start(on).astimezone(UTC)
        [
            add_execution(bucket=start + timedelta(minutes=15 * row.slot), **row.values())
            for row in rows
        ]

        roll_up(on, "execution.events")

        assert stored(on) == expected(rows, slots)

    @pytest.mark.case("data-model.11")
    def test_counts_a_counter_once_a_bucket(self, early: datetime) -> None:
        amounts = [0, 7, 5]
        [
            add_sample(
                bucket=early + timedelta(minutes=5 * n), battery_duration_on_battery_ms_sum=a
            )
            for n, a in enumerate(amounts)
        ]

        roll_up()

        raw = PerformanceSample.objects.aggregate(
            total=Sum("battery_duration_on_battery_ms_sum"),
            least=Min("battery_duration_on_battery_ms_sum"),
            most=Max("battery_duration_on_battery_ms_sum"),
        )
        daily = PerformanceDaily.objects.get()
        assert daily.battery_duration_on_battery_ms_sum == raw["total"] == 12
        assert daily.battery_duration_on_battery_ms_count == len(amounts)
        assert daily.battery_duration_on_battery_ms_min == raw["least"] == 0
        assert daily.battery_duration_on_battery_ms_max == raw["most"] == 7

    def test_leaves_an_absent_metric_absent(self, early: datetime) -> None:
        add_sample(bucket=early, number_of_logical_processors=8)

        roll_up()

        daily = PerformanceDaily.objects.get()
        assert daily.used_memory_bytes_sum is None
        assert daily.battery_duration_on_battery_ms_sum is None
        assert daily.battery_duration_on_battery_ms_count is None

    def test_keeps_the_last_value_of_a_plain_field(self, early: datetime) -> None:
        add_sample(bucket=early + timedelta(minutes=5), installed_memory_bytes=2)
        add_sample(bucket=early, installed_memory_bytes=1)
        add_sample(bucket=early + timedelta(minutes=10), installed_memory_bytes=None)

        roll_up()

        assert PerformanceDaily.objects.get().installed_memory_bytes == 2

    def test_survives_readings_that_add_up_beyond_a_bigint(self, early: datetime) -> None:
        forged = columns("used_memory_bytes", (BIGGEST, BIGGEST, 0, BIGGEST))
        add_sample(bucket=early, **forged)
        add_sample(bucket=early + timedelta(minutes=5), **forged)

        roll_up()

        daily = PerformanceDaily.objects.get()
        assert (daily.used_memory_bytes_sum, daily.used_memory_bytes_count) == (BIGGEST, BIGGEST)

    @pytest.mark.case("data-model.3")
    def test_replaces_the_rows_of_a_repeat(self, early: datetime) -> None:
        add_sample(bucket=early, battery_duration_on_battery_ms_sum=3)
        roll_up()

        roll_up()

        assert PerformanceDaily.objects.get().battery_duration_on_battery_ms_sum == 3

    @pytest.mark.case("data-model.3")
    def test_takes_late_samples_in(self, early: datetime) -> None:
        add_sample(bucket=early, battery_duration_on_battery_ms_sum=3)
        roll_up()
        add_sample(bucket=early + timedelta(hours=1), battery_duration_on_battery_ms_sum=4)

        roll_up()

        assert PerformanceDaily.objects.get().battery_duration_on_battery_ms_sum == 7

    @pytest.mark.case("data-model.3")
    def test_forgets_deleted_samples(self, early: datetime) -> None:
        add_sample(bucket=early)
        add_sample(bucket=early, device_id=2)
        roll_up()
        PerformanceSample.objects.filter(device_id=1).delete()

        roll_up()

        assert PerformanceDaily.objects.get().device_id == 2

    @pytest.mark.case("data-model.4")
    def test_adds_two_samples_of_one_key_up(self, early: datetime) -> None:
        add_sample(bucket=early, battery_duration_on_battery_ms_sum=3)
        add_sample(bucket=early, battery_duration_on_battery_ms_sum=4)

        roll_up()

        assert PerformanceDaily.objects.get().battery_duration_on_battery_ms_sum == 7

    def test_leaves_other_devices_and_days_alone(self, early: datetime) -> None:
        add_sample(bucket=early, device_id=3)
        add_sample(bucket=early - timedelta(minutes=5))

        roll_up()

        assert not PerformanceDaily.objects.exists()


class TestMarks:
    def test_are_needed_for_ended_days_alone(self) -> None:
        moments = [NOW - timedelta(days=1), NOW, NOW + timedelta(days=1)]

        assert rollups.closed_days(moments, NOW) == {YESTERDAY}

    def test_are_needed_from_the_first_instant_after_the_day(self, settings: Any) -> None:
        settings.TIME_ZONE = "Pacific/Auckland"
        end = rollups.day_end(YESTERDAY)

        last = end - timedelta(microseconds=1)
        assert rollups.closed_days([last], last) == set()
        assert rollups.closed_days([last], end) == {YESTERDAY}

    def test_are_one_for_a_device_and_day(self) -> None:
        rollups.mark_dirty(device_id=1, days=[YESTERDAY, YESTERDAY], now=NOW)

        rollups.mark_dirty(device_id=1, days=[YESTERDAY], now=NOW + timedelta(hours=1))

        assert DirtyDay.objects.get().marked_at == NOW + timedelta(hours=1)
