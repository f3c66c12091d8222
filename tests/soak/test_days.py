"""A fleet through many days: what is summed up of each day is what was sent, to the last byte.

The whole way of the data, with a clock that is moved: batches through the view, late and repeated
ones among them, the roll-up and the rotation of partitions after each day. The days are those of
Paris in spring, so that one has 23 hours.
"""

import random
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import override_settings

from apps.events import partitions, retention, rollups, upkeep
from apps.events.choices import Retention
from dex import limits
from tests.conftest import make_event_partitions
from tests.factories.collectors import Machine, configure, device_of, make_key
from tests.soak.sizes import size

DAYS = size("DAYS", 14)  # at least 8: the first is gone by then
FLEET = size("FLEET", 50)
FIRST_DAY = date(2026, 3, 22)
DAYS_KEPT = 5  # of samples, so that partitions go meanwhile
BATCHES = 6  # a day and device
SAMPLES = 20  # of each kind in a batch
PROGRAMS = 5
LATE = 7  # one batch in so many comes a day late
TWICE = 5  # one in so many comes twice
UNLIMITED = dict.fromkeys(
    (name for name in limits.LIMITS if name.startswith("collector.")), "1000000000/s"
)

Sums = Counter[tuple[Any, ...]]  # (device, day, what) -> sum
DAILY_SUMS = {
    "memory": "SELECT device_id, bucket, sum(used_memory_bytes_sum) FROM devices_performancedaily"
    " GROUP BY 1, 2",
    "readings": "SELECT device_id, bucket, sum(used_memory_bytes_count)"
    " FROM devices_performancedaily GROUP BY 1, 2",
    "time": "SELECT device_id, bucket, sum(cpu_time_ms_sum) FROM binaries_executiondaily"
    " GROUP BY 1, 2",
    "buckets": "SELECT device_id, bucket, sum(cpu_time_ms_count) FROM binaries_executiondaily"
    " GROUP BY 1, 2",
}


class Clock:
    """The one clock of all doors."""

    moment: datetime

    def __call__(self) -> datetime:
        return self.moment


@pytest.fixture
def moved_clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Return the clock, at the first midnight."""
    clock = Clock()
    clock.moment = datetime.combine(FIRST_DAY, time(), tzinfo=UTC)
    monkeypatch.setattr("apps.core.clock.now", clock)
    return clock


@pytest.fixture
def surroundings(clean_database: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Live in Paris, keep samples for a few days, know no limit; put the partitions back."""
    sampled = dict.fromkeys((Retention.HIGHRES, Retention.HIGHRES_DETAIL), DAYS_KEPT)
    terms = retention.DEFAULT_DAYS | sampled
    monkeypatch.setattr(retention, "_terms", terms.__getitem__)
    with override_settings(TIME_ZONE="Europe/Paris", DEX_LIMITS=UNLIMITED):
        yield
    make_event_partitions()


class Fleet:
    """Machines that send, and the sums of what they have sent."""

    def __init__(self, clock: Clock) -> None:
        self.clock, self.dice, self.sums = clock, random.Random(7), Sums()
        self.late: list[tuple[Machine, dict[str, Any]]] = []
        configure()
        key = make_key(now=clock.moment)
        self.machines = [Machine(host_name=f"device-{n}") for n in range(FLEET)]
        for machine in self.machines:
            assert machine.enrol(key).status_code == 201
        self.ids = [device_of(machine).pk for machine in self.machines]

    def live(self, day: date) -> None:
        """Send a day's batches, each when its last bucket has closed."""
        arrears, self.late = self.late, []
        length = (rollups.day_end(day) - rollups.day_start(day)) / BATCHES
        for number in range(BATCHES):
            self.clock.moment = rollups.day_start(day) + length * (number + 1)
            for machine, device_id in zip(self.machines, self.ids, strict=True):
                batch = self._batch(machine, device_id, day, self.clock.moment - length)
                if self.dice.randrange(LATE):
                    self._post(machine, batch)
                else:
                    self.late.append((machine, batch))
        for machine, batch in arrears:
            self._post(machine, batch)

    def catch_up(self) -> None:
        """Send what is late."""
        for machine, batch in self.late:
            self._post(machine, batch)

    def _post(self, machine: Machine, batch: dict[str, Any]) -> None:
        for _ in range(1 if self.dice.randrange(TWICE) else 2):
            answer = machine.post(batch)
            assert answer.status_code == 202, answer.content
            assert answer.json()["refused"] == []

    def _batch(
        self, machine: Machine, device_id: int, day: date, start: datetime
    ) -> dict[str, Any]:
        begin = start.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
        begin = max(begin, rollups.day_start(day).astimezone(UTC))
        events = []
        for number in range(SAMPLES):
            used, spent = self.dice.randrange(10**10), self.dice.randrange(10**6)
            events += [
                _performance(begin + timedelta(minutes=5 * number), used),
                _execution(begin + timedelta(minutes=15 * (number // PROGRAMS)), number, spent),
            ]
            sums = {"memory": 10 * used, "readings": 10, "time": spent, "buckets": 1}
            for what, amount in sums.items():
                self.sums[device_id, day, what] += amount
        binaries = {str(n): {"name": f"program-{n}"} for n in range(PROGRAMS)}
        users = {"1": {"name": "CORP\\ada", "type": "domain_user"}}
        return machine.batch(*events, users=users, binaries=binaries)


@pytest.mark.case("data-model.3")
def test_daily_rows_equal_what_was_sent(surroundings: None, moved_clock: Clock) -> None:
    upkeep.rotate_partitions(now=moved_clock.moment)
    fleet = Fleet(moved_clock)
    days = [FIRST_DAY + timedelta(days=n) for n in range(DAYS)]

    for day in days:
        fleet.live(day)
        _look_after(moved_clock, day)
    fleet.catch_up()
    _look_after(moved_clock, days[-1] + timedelta(days=1))

    assert _daily_sums() == fleet.sums
    assert FIRST_DAY not in _sampled_days()


def _look_after(clock: Clock, day: date) -> None:
    """Do the upkeep of the night after `day`."""
    clock.moment = rollups.day_end(day) + timedelta(hours=1, minutes=5)
    assert upkeep.roll_up(now=clock.moment) is not None
    assert upkeep.rotate_partitions(now=clock.moment) is not None


def _daily_sums() -> Sums:
    sums = Sums()
    with connection.cursor() as cursor:
        for what, query in DAILY_SUMS.items():
            cursor.execute(query)
            for device_id, bucket, amount in cursor.fetchall():
                sums[device_id, rollups.day_of(bucket), what] += int(amount)
    return sums


def _sampled_days() -> set[date]:
    return {p.start for p in partitions.existing_partitions()["devices_performancesample"]}


def _performance(bucket: datetime, used: int) -> dict[str, Any]:
    gauge = {"sum": 10 * used, "count": 10, "min": used, "max": used}
    return {
        "kind": "device_performance.events",
        "bucket": bucket.isoformat(),
        "bucket_s": 300,
        "metrics": {"used_memory_bytes": gauge},
    }


def _execution(bucket: datetime, number: int, spent: int) -> dict[str, Any]:
    return {
        "kind": "execution.events",
        "bucket": bucket.isoformat(),
        "bucket_s": 900,
        "user": 1,
        "binary": number % PROGRAMS,
        "metrics": {"cpu_time_ms": {"sum": spent}},
    }
