"""Storage: bytes per row of a generated workstation, its roll-up, and the end of a day.

All happens on one day long past, whose partitions are made for it and dropped at the end.
"""

import time
from datetime import UTC, date, datetime
from typing import Any

from benchmarks import fleet
from benchmarks.report import Row, emit
from benchmarks.surroundings import Surroundings

DAY = date(2020, 1, 6)
FIRST_DEVICE = 2_000_000
DEVICES = 1_000  # by SCALE, at most 7,000: 7 million rows
MOST_DEVICES = 7_000
BUCKETS, PROGRAMS = 40, 25  # 10 hours of 15 minutes: 1,000 rows per device and day
PERFORMANCE_ROWS = 120  # the same hours in 5 minutes
TOLERANCE = 1.3
EXPECTED_BYTES = {  # per row, data-model.md 11
    "binaries_executionsample": 260,
    "binaries_executiondaily": 520,
    "devices_performancesample": 800,
    "devices_performancedaily": 1_000,
}
DROP_BUDGET_SECONDS = 1


def run(_surroundings: Surroundings, scale: int) -> list[Row]:
    """Fill the day, roll it up, look at the sizes, drop it."""
    devices = min(DEVICES * scale, MOST_DEVICES)
    _drop(_partitions())
    _make_partitions()
    try:
        _fill(devices)
        seconds = _roll_up(devices)
        rows = devices * (BUCKETS * PROGRAMS + PERFORMANCE_ROWS)
        figures = [emit(Row("storage.roll_up", "", rows / seconds, "rows/s"))]
        figures += [_bytes_per_row(table) for table in EXPECTED_BYTES]
        start = time.perf_counter()
        _drop([p for p in _partitions() if p.parent == "binaries_executionsample"])
        seconds = time.perf_counter() - start
        name = "storage.drop_day"
        return [*figures, emit(Row(name, "", seconds, "s", DROP_BUDGET_SECONDS, at_most=True))]
    finally:
        _drop(_partitions())


def _partitions() -> list[Any]:
    from apps.events import partitions

    found = partitions.existing_partitions()
    return [p for table in EXPECTED_BYTES for p in found.get(table, ()) if p.start.year == DAY.year]


def _make_partitions() -> None:
    from apps.events import partitions

    day = (DAY, date(2020, 1, 7))
    month = (date(2020, 1, 1), date(2020, 2, 1))
    plan = [
        partitions.Partition(table, *(month if table.endswith("daily") else day))
        for table in EXPECTED_BYTES
    ]
    partitions.apply(partitions.Plan(creations=plan))


def _drop(found: list[Any]) -> None:
    from apps.events import partitions

    partitions.apply(partitions.Plan(drops=found))


def _fill(devices: int) -> None:
    """Make the samples of the day, absent metrics null, and mark it for the roll-up."""
    from apps.binaries.models import ExecutionSample
    from apps.events.models import DirtyDay
    from benchmarks.fill import insert

    last = FIRST_DEVICE + devices - 1
    start = datetime.combine(DAY, datetime.min.time(), tzinfo=UTC)
    memory = ("_sum", "_count", "_min", "_max")
    given = {
        "id": "n", "source": "'collector'", "device_id": "device", "context_id": "1",
        "bucket": "%(start)s + (n / 25) * interval '15 minutes'", "user_id": "device",
        "binary_id": "1 + n %% 120", "highest_process_visibility": "'background'",
        "execution_duration_ms_sum": "900000", "number_of_executions_sum": "n %% 5",
        "cpu_time_ms_sum": "1500 + n %% 3000", "number_of_page_faults_sum": "1000 + n",
        "disk_read_bytes_sum": "n", "disk_written_bytes_sum": "n",
        **{f"memory_bytes{part}": "15 + n" for part in memory},
        **{f"real_memory_bytes{part}": "15 + n" for part in memory},
    }  # fmt: skip
    parameters = {"first": FIRST_DEVICE, "last": last, "start": start}
    per_device = f"generate_series(0, {BUCKETS * PROGRAMS - 1}) AS n"
    source = f"{per_device}, generate_series(%(first)s, %(last)s) AS device"
    insert(ExecutionSample, given, source, parameters)
    fleet.insert_performance(FIRST_DEVICE, last, start, PERFORMANCE_ROWS)
    DirtyDay.objects.bulk_create(
        DirtyDay(device_id=device, day=DAY, marked_at=start)
        for device in range(FIRST_DEVICE, last + 1)
    )


def _roll_up(devices: int) -> float:
    """Recompute the day as the task does; return the seconds. The oldest days come first."""
    from apps.events import rollups

    start, done = time.perf_counter(), 0
    while done < devices:
        done += rollups.roll_up_dirty()
    return time.perf_counter() - start


def _bytes_per_row(table: str) -> Row:
    from django.db import connection

    partition = next(p.name for p in _partitions() if p.parent == table)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT pg_total_relation_size('{partition}')::float / count(*) FROM {partition}"
        )
        size = cursor.fetchone()[0]
    return emit(
        Row(
            f"storage.{table}",
            case="data-model.15",
            value=size,
            unit="bytes/row",
            budget=EXPECTED_BYTES[table] * TOLERANCE,
            at_most=True,
        )
    )
