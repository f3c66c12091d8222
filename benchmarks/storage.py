"""Storage: bytes per row of a generated workstation, its roll-up, and the end of a day.

All happens on one day long past, whose partitions are made for it and dropped at the end.
"""

import time
from datetime import UTC, date, datetime, timedelta
from typing import Any

from benchmarks import fleet
from benchmarks.report import Row, emit
from benchmarks.surroundings import Surroundings

DAY = date(2020, 1, 6)
FIRST_DEVICE = 2_000_000
DEVICES = 1_000  # by SCALE, at most 7,000: 12 million rows
MOST_DEVICES = 7_000
BUCKETS, PROGRAMS = 40, 25  # 10 hours of 15 minutes: 1,000 rows per device and day
PERFORMANCE_ROWS = 120  # the same hours in 5 minutes
NETWORK_ROWS = 125  # the same; it changed its network five times
SESSION_ROWS = 45  # a little more than one session
CONNECTION_ROWS, DESTINATIONS = 600, 150
ROWS = BUCKETS * PROGRAMS + PERFORMANCE_ROWS + NETWORK_ROWS + SESSION_ROWS + CONNECTION_ROWS
TOLERANCE = 1.3
EXPECTED_BYTES = {  # per row, data-model.md 11; corrected are networks (250, 280), days of sessions (260)
    "binaries_executionsample": 260,
    "binaries_executiondaily": 520,
    "devices_performancesample": 800,
    "devices_performancedaily": 1_000,
    "devices_connectivitysample": 350,
    "devices_connectivitydaily": 460,
    "users_sessionsample": 170,
    "users_sessiondaily": 390,
    "binaries_connectionsample": 240,
    "binaries_connectiondaily": 420,
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
        rows = devices * ROWS
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
    _fill_networks(parameters)
    _fill_sessions(parameters)
    _fill_connections(parameters)
    DirtyDay.objects.bulk_create(
        DirtyDay(device_id=device, day=DAY, marked_at=start)
        for device in range(FIRST_DEVICE, last + 1)
    )


def _fill_networks(parameters: dict[str, Any]) -> None:
    """A laptop at work: Wi-Fi with its addresses, no identifiers, latencies not measured."""
    from apps.devices.models import ConnectivitySample

    given = {
        "id": "n", "source": "'collector'", "device_id": "device", "context_id": "1",
        "bucket": "%(start)s + n * interval '5 minutes'",
        "primary_physical_adapter_type": "'wifi'", "primary_physical_adapter_name": "'wlp0s20f3'",
        "wifi_band": "'5 GHz'", "wifi_channel": "36", "vpn_status": "'disconnected'",
        "local_ip": "'192.168.17.42'::inet", "gateway_ip": "'192.168.17.1'::inet",
        "dns_ips": "'{192.168.17.1,9.9.9.9}'::inet[]", "connected_duration_ms_sum": "300000",
        **_gauge("wifi_signal_strength_dbm"), **_gauge("wifi_receive_rate_bps"),
        **_gauge("wifi_transmission_rate_bps"),
    }  # fmt: skip
    _insert_rows(ConnectivitySample, given, NETWORK_ROWS, parameters)


def _fill_sessions(parameters: dict[str, Any]) -> None:
    """A session at the desk: times by state, no figures of a network."""
    from apps.users.models import SessionSample

    given = {
        "id": "n", "source": "'collector'", "device_id": "device", "context_id": "1",
        "bucket": "%(start)s + n * interval '15 minutes'", "user_id": "device",
        "session_id": "'2@4f1c2a54'", "session_protocol": "'console'",
        "user_interaction_time_ms_sum": "n * 1000", "session_duration_ms_sum": "900000",
        "active_duration_ms_sum": "800000", "locked_duration_ms_sum": "100000",
        "number_of_sessions_sum": "1",
    }  # fmt: skip
    _insert_rows(SessionSample, given, SESSION_ROWS, parameters)


def _fill_connections(parameters: dict[str, Any]) -> None:
    """Programs that talk to some servers each; the kernel counts attempts, times and traffic."""
    from apps.binaries.models import ConnectionSample

    given = {
        "id": "n", "source": "'collector'", "device_id": "device", "context_id": "1",
        "bucket": f"%(start)s + (n / {CONNECTION_ROWS // BUCKETS}) * interval '15 minutes'",
        "user_id": "device", "binary_id": f"1 + n %% {DESTINATIONS} %% 120", "protocol": "'tcp'",
        "destination_ip": f"'93.184.216.0'::inet + n %% {DESTINATIONS}", "destination_port": "443",
        "number_of_connections_sum": "n %% 9", "number_of_established_connections_sum": "n %% 9",
        "incoming_traffic_bytes_sum": "n * 1000", "outgoing_traffic_bytes_sum": "n * 100",
        **_gauge("connection_establishment_time_ms"),
    }  # fmt: skip
    _insert_rows(ConnectionSample, given, CONNECTION_ROWS, parameters)


def _gauge(name: str) -> dict[str, str]:
    """Return the columns of a gauge."""
    return {f"{name}_{part}": "15 + n" for part in ("sum", "count", "min", "max")}


def _insert_rows(model: Any, given: dict[str, str], rows: int, parameters: dict[str, Any]) -> None:
    """Insert `rows` rows, by their number n, of each device of `parameters`."""
    from benchmarks.fill import insert

    source = f"generate_series(0, {rows - 1}) AS n, generate_series(%(first)s, %(last)s) AS device"
    insert(model, given, source, parameters)


def _roll_up(devices: int) -> float:
    """Recompute the day as the task did when it had just ended; return the seconds."""
    from apps.events import rollups

    next_day = datetime.combine(DAY, datetime.min.time(), tzinfo=UTC) + timedelta(days=1)
    start, done = time.perf_counter(), 0
    while done < devices:
        done += rollups.roll_up_dirty(before=next_day)
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
