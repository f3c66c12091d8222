"""Daily rows of sessions, against what Python computes of the same samples."""

import random
from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from apps.events import ids, kinds, partitions, rollups
from apps.events.kinds import SampledKind
from apps.events.metrics import Counter
from apps.users.models import SessionDaily, VdiDaily
from tests.conftest import NOW
from tests.factories.collectors import ADA_ROSSI, configure, device_of, make_machine
from tests.factories.sessions import sample, text, vdi

pytestmark = pytest.mark.django_db

KINDS = ("session.events", "session.vdi_events")
YESTERDAY = date(2026, 3, 1)
Row = dict[str, Any]
Figures = tuple[Any, Any, Any, Any]


@pytest.fixture(
    params=[
        ("UTC", YESTERDAY, 24),
        ("Europe/Zurich", date(2026, 3, 29), 23),
        ("Europe/Zurich", date(2026, 10, 25), 25),
    ],
    ids=lambda param: f"{param[0]}-{param[2]}",
)
def day(request: pytest.FixtureRequest, settings: Any, db: None) -> tuple[date, int]:
    """Return a day and its hours, its partitions being made."""
    settings.TIME_ZONE, on, hours = request.param
    settings.DEX_PARTITION_DAYS_BEHIND = settings.DEX_PARTITION_DAYS_AHEAD = 2
    noon = datetime(on.year, on.month, on.day, 12, tzinfo=UTC)
    partitions.apply(partitions.Plan(creations=partitions.make_plan(now=noon).creations))
    return on, hours


def kind_of(name: str) -> SampledKind:
    """Return a sampled kind."""
    found = kinds.find(name)
    assert isinstance(found, SampledKind)
    return found


def key_of(kind: SampledKind, row: Mapping[str, Any]) -> tuple[Any, ...]:
    """Return the key of a row's day."""
    return tuple(row[name] for name in ("device_id", "context_id", "user_id", *kind.key_fields))


def figures(kind: SampledKind, name: str, rows: Iterable[Row]) -> Figures:
    """Return sum, count, least and greatest of a metric over samples."""
    present = [row for row in rows if row[f"{name}_sum"] is not None]
    if not present:
        return (None, None, None, None)
    sums = [row[f"{name}_sum"] for row in present]
    if isinstance(kind.metrics[name], Counter):
        return (sum(sums), len(sums), min(sums), max(sums))
    return (
        sum(sums),
        sum(row[f"{name}_count"] for row in present),
        min(row[f"{name}_min"] for row in present),
        max(row[f"{name}_max"] for row in present),
    )


def some_value(kind: SampledKind, name: str, dice: random.Random) -> Row:
    """Return the columns of one metric, every third time absent."""
    values = [dice.randrange(1_000) for _ in range(dice.randrange(3))]
    if isinstance(kind.metrics[name], Counter):
        return {f"{name}_sum": sum(values) if values else None}
    if not values:
        return dict.fromkeys(f"{name}_{part}" for part in ("sum", "count", "min", "max"))
    return {
        f"{name}_sum": sum(values),
        f"{name}_count": len(values),
        f"{name}_min": min(values),
        f"{name}_max": max(values),
    }


def add_rows(kind: SampledKind, on: date, hours: int) -> list[Row]:
    """Add samples around a day; return those within it."""
    dice = random.Random(11)
    start = rollups.day_start(on).astimezone(UTC)
    inside = []
    for _number in range(120):
        after = timedelta(seconds=kind.bucket_seconds * dice.randrange(-8, 4 * hours + 8))
        after = min(after, timedelta(hours=hours + 1))
        row: Row = {
            "bucket": start + after,
            "device_id": dice.randint(1, 2),
            "context_id": dice.randint(1, 2),
            "user_id": dice.choice([None, 1, 2]),
            "session_id": dice.choice(["a", "b"]),
        }
        for name in kind.metrics:
            row |= some_value(kind, name, dice)
        kind.model._default_manager.create(id=ids.draw(1)[0], **row)
        inside += [row] * (timedelta(0) <= after < timedelta(hours=hours))
    return inside


def stored(kind: SampledKind, on: date) -> dict[tuple[Any, ...], list[Figures]]:
    """Return the daily figures of every metric, by key."""
    assert kind.daily_model is not None
    days: Any = kind.daily_model._default_manager.filter(bucket=rollups.day_start(on))
    return {
        key_of(kind, row): [
            (row[f"{n}_sum"], row[f"{n}_count"], row[f"{n}_min"], row[f"{n}_max"])
            for n in kind.metrics
        ]
        for row in days.values()
    }


def expected(kind: SampledKind, rows: Iterable[Row]) -> dict[tuple[Any, ...], list[Figures]]:
    """Return what the daily figures must be."""
    groups: dict[tuple[Any, ...], list[Row]] = defaultdict(list)
    for row in rows:
        groups[key_of(kind, row)].append(row)
    return {
        key: [figures(kind, name, group) for name in kind.metrics] for key, group in groups.items()
    }


class TestDailyRows:
    @pytest.mark.case("data-model.3")
    @pytest.mark.case("data-model.11")
    @pytest.mark.parametrize("name", KINDS)
    def test_equal_the_samples_of_the_day(self, day: tuple[date, int], name: str) -> None:
        kind, (on, hours) = kind_of(name), day
        inside = add_rows(kind, on, hours)

        rollups.recompute(kind, day=on, device_ids=[1, 2])

        assert stored(kind, on) == expected(kind, inside)
        assert len(inside) > 50

    @pytest.mark.usefixtures("fixed_clock")
    def test_add_up_the_sessions_of_a_user_and_keep_the_last_protocol(self) -> None:
        machine = make_machine()
        machine.send(
            sample("2026-03-01T09:00:00Z", session_id="a", protocol="console"),
            sample("2026-03-01T09:15:00Z", session_id="b", protocol="rdp"),
            users=ADA_ROSSI,
        )

        rollups.roll_up_dirty()

        row = SessionDaily.objects.get()
        assert row.session_duration_ms_sum == 1_800_000
        assert (row.session_duration_ms_count, row.session_protocol) == (2, "rdp")

    @pytest.mark.usefixtures("fixed_clock")
    def test_keep_remote_sessions_apart(self) -> None:
        configure(virtual_session_metrics="on")
        first = vdi("2026-03-01T09:00:00Z")

        make_machine().send(first, {**first, "fields": {"session_id": "x"}}, users=ADA_ROSSI)
        rollups.roll_up_dirty()

        assert VdiDaily.objects.count() == 2

    @pytest.mark.case("data-model.3")
    @pytest.mark.usefixtures("fixed_clock")
    def test_follow_late_rows(self) -> None:
        machine = make_machine()
        machine.send(sample("2026-03-01T09:00:00Z"), users=ADA_ROSSI)
        rollups.roll_up_dirty()

        machine.send(sample("2026-03-01T10:00:00Z"), users=ADA_ROSSI)
        rollups.roll_up_dirty()

        row = SessionDaily.objects.get(device=device_of(machine))
        assert row.session_duration_ms_sum == 1_800_000
        assert text(row.bucket) == text(NOW.replace(day=1, hour=0))
