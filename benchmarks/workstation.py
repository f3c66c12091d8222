"""The data of the benchmarks: executions as a workstation fills them, and batches of them."""

import json
import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

BINARIES = 120
ROWS_PER_BATCH = 200
FILL_ROWS = 2_000_000  # by SCALE
FIRST_DEVICE, LAST_DEVICE = 1_000_000, 1_999_999  # of the filled rows

# A workstation without kernel traffic counters: absent metrics are null and cost nothing.
FILL = """
INSERT INTO binaries_executionsample (id, source, bucket, device_id, context_id, user_id, binary_id,
    highest_process_visibility, execution_duration_ms_sum, number_of_executions_sum, cpu_time_ms_sum,
    memory_bytes_sum, memory_bytes_count, memory_bytes_min, memory_bytes_max,
    real_memory_bytes_sum, real_memory_bytes_count, real_memory_bytes_min, real_memory_bytes_max,
    number_of_page_faults_sum, disk_read_bytes_sum, disk_written_bytes_sum)
SELECT n, 'collector', %(start)s + (n %% 672) * interval '15 minutes', 1000000 + n / 672 / 40,
    %(context)s, 1 + n / 672 / 40, 1 + (n * 7) %% 120,
    'background', 900000, n %% 5, 1500 + n %% 3000,
    1500000000 + n, 15, 90000000, 110000000, 1500000000 + n, 15, 90000000, 110000000,
    1000 + n %% 9000, n %% 1000000, n %% 500000
FROM generate_series(%(from)s, %(to)s) AS n
"""


def fill(scale: int, *, context_id: int, now: datetime) -> None:
    """Bring the table to 2 million rows times `scale`, by SQL in the server: the last 7 days."""
    from django.db import connection

    wanted = FILL_ROWS * scale
    start = now.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=7)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM binaries_executionsample WHERE device_id BETWEEN %s AND %s",
            [FIRST_DEVICE, LAST_DEVICE],
        )
        present = cursor.fetchone()[0]
        if present < wanted:
            period = {"from": present, "to": wanted - 1}
            cursor.execute(FILL, {"context": context_id, "start": start, **period})
            cursor.execute("ANALYZE binaries_executionsample")


def records(seed: int, bucket: datetime) -> list[dict[str, Any]]:
    """Return the execution records of one batch: some 10 metrics each, as a Linux device has."""
    dice = random.Random(seed)
    return [
        _record(dice, bucket + timedelta(minutes=15 * (n // 100)), n) for n in range(ROWS_PER_BATCH)
    ]


def batches(seed: int, bucket: datetime, count: int) -> Iterator[bytes]:
    """Yield the plain bodies of `count` batches."""
    events = records(seed, bucket)
    binaries = {str(n): {"name": f"program-{n}", "version": "1.0"} for n in range(BINARIES)}
    for sequence in range(count):
        batch = {
            "protocol": 1,
            "epoch": f"{seed:016x}",
            "sequence": sequence,
            "boot_id": "bench",
            "collector_version": "0.1.0",
            "configuration_version": 1,
            "events": events,
            "users": {"1": {"name": "CORP\\bench", "type": "domain_user"}},
            "binaries": binaries,
        }
        yield json.dumps(batch, separators=(",", ":")).encode()


def _record(dice: random.Random, bucket: datetime, number: int) -> dict[str, Any]:
    memory = dice.randrange(10**7, 10**9)
    gauge = {"sum": memory * 15, "count": 15, "min": memory, "max": memory + 4096}
    return {
        "kind": "execution.events",
        "bucket": bucket.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "bucket_s": 900,
        "user": 1,
        "binary": number % BINARIES,
        "fields": {"highest_process_visibility": "background"},
        "metrics": {
            "execution_duration_ms": {"sum": 900_000},
            "number_of_executions": {"sum": dice.randrange(5)},
            "cpu_time_ms": {"sum": dice.randrange(50, 90_000)},
            "memory_bytes": gauge,
            "real_memory_bytes": gauge,
            "number_of_page_faults": {"sum": dice.randrange(10_000)},
            "disk_read_bytes": {"sum": dice.randrange(10**6)},
            "disk_written_bytes": {"sum": dice.randrange(10**6)},
        },
    }
