"""Ingest: our way against raw COPY into the same table, and against serializers + bulk_create.

All write the same rows into `execution.events` as specified, filled before by SQL, with
synchronous commits. Each way runs in turn, many short rounds of it: a shared machine is not
equally fast for long. The median counts.
"""

import contextlib
import gzip
import http.client
import os
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from benchmarks import workstation
from benchmarks.report import Row, emit
from benchmarks.surroundings import Surroundings

ROUNDS = 15
BATCHES = 150  # a round of ours: 30,000 rows
DEVICES = 150  # a batch of each in turn; raw COPY gets the same rows
NAIVE_BATCHES = 10
SENDERS = 16  # devices that send at once over HTTP: few would fall unevenly on the processes
HTTP_BATCHES = 8  # of each sender in a round: below the limit of a minute


def run(surroundings: Surroundings, scale: int) -> list[Row]:
    """Measure and print; fills the table first where it is not yet filled."""
    stage = Stage(scale)
    with _web_server(surroundings) as port:
        rates = _measure(
            {
                "raw": stage.raw_copy,
                "ours": stage.in_process,
                "http": lambda: stage.over_http(port),
                "naive": stage.serializers,
            }
        )
    rows = [
        Row("ingest.raw_copy", "", rates["raw"], "rows/s"),
        Row("ingest.in_process", "", rates["ours"], "rows/s"),
        Row("ingest.http", "", rates["http"], "rows/s"),
        Row("ingest.serializers_bulk_create", "", rates["naive"], "rows/s"),
        Row("ingest.in_process_to_raw_copy", "", rates["ours"] / rates["raw"], "ratio", 0.25),
        Row("ingest.http_to_raw_copy", "", rates["http"] / rates["raw"], "ratio", 0.15),
        Row("ingest.http_to_serializers", "", rates["http"] / rates["naive"], "ratio", 8),
    ]
    return [emit(row) for row in rows]


def _measure(ways: dict[str, Callable[[], float]]) -> dict[str, float]:
    """Return the median rate of each way, rows per second; one round warms up."""
    rates: dict[str, list[float]] = {name: [] for name in ways}
    for round_number in range(ROUNDS + 1):
        for name, way in ways.items():
            rate = way()
            if round_number:
                rates[name].append(rate)
    return {name: statistics.median(values) for name, values in rates.items()}


class Stage:
    """Devices, a filled table, and the four ways to write into it."""

    def __init__(self, scale: int) -> None:
        from apps.collectors.choices import Level, Preset
        from apps.collectors.services import configuration
        from apps.core import clock

        self.now = clock.now()
        quarter = self.now.minute // 15 * 15
        floor = self.now.replace(minute=quarter, second=0, microsecond=0)
        self.bucket = floor - timedelta(minutes=30)  # and the quarter after it: of the running day
        self.seed = int(time.time() * 1000) % 2**40
        configuration.save_configuration(level=Level.INSTANCE, preset=Preset.STANDARD, now=self.now)
        self.collectors = [self._enrol()[0] for _ in range(DEVICES)]
        self.collector = self.collectors[0]
        self.senders = [self._enrol()[1] for _ in range(SENDERS * (ROUNDS + 1))]
        workstation.fill(scale, context_id=self.collector.device.context_id, now=self.now)

    def raw_copy(self) -> float:
        """COPY the rows of one round of ours, encoded before: one statement, one commit."""
        from django.db import connection

        from apps.events import copy as copying

        sql, rows = self._encoded()
        data = copying.HEADER + rows + copying.TRAILER
        start = time.perf_counter()
        with connection.cursor() as cursor, cursor.copy(sql) as target:
            target.write(data)
        return BATCHES * workstation.ROWS_PER_BATCH / (time.perf_counter() - start)

    def in_process(self) -> float:
        """Our service, one commit per batch of 200 rows."""
        from apps.collectors.services import batches
        from apps.collectors.services.enrolment import reload

        bodies = list(workstation.batches(self._next_seed(), self.bucket, BATCHES))
        collectors = [reload(collector) for collector in self.collectors]
        start = time.perf_counter()
        for number, body in enumerate(bodies):
            batches.receive_batch(
                collector=collectors[number % DEVICES], body=body, received_at=datetime.now(UTC)
            )
        return BATCHES * workstation.ROWS_PER_BATCH / (time.perf_counter() - start)

    def over_http(self, port: int) -> float:
        """The view behind the web server: several devices send at once and wait for each 202."""
        tokens = [self.senders.pop() for _ in range(SENDERS)]
        bodies = [
            [
                gzip.compress(b, 6)
                for b in workstation.batches(self._next_seed(), self.bucket, HTTP_BATCHES)
            ]
            for _ in tokens
        ]
        start = time.perf_counter()
        with ThreadPoolExecutor(SENDERS) as pool:
            list(pool.map(_send_all, [port] * SENDERS, tokens, bodies))
        rows = SENDERS * HTTP_BATCHES * workstation.ROWS_PER_BATCH
        return rows / (time.perf_counter() - start)

    def serializers(self) -> float:
        """REST framework's serializers and bulk_create, one commit per batch, in process."""
        from benchmarks.naive import store

        records = workstation.records(self._next_seed(), self.bucket)
        start = time.perf_counter()
        for _ in range(NAIVE_BATCHES):
            store(records, device=self.collector.device)
        return NAIVE_BATCHES * len(records) / (time.perf_counter() - start)

    def _enrol(self) -> tuple[Any, str]:
        """Return a collector of a new device, and its token."""
        from apps.collectors.models import Collector
        from apps.collectors.services import tokens
        from apps.collectors.services.enrolment import reload
        from apps.devices import services
        from apps.devices.choices import Platform
        from apps.organization.models import Entity

        device = services.enrol_device(
            entity=Entity.objects.unclassified(),
            platform=Platform.LINUX,
            name="bench",
            is_simulated=True,
            now=self.now,
        )
        collector = Collector.objects.create(
            device=device, install_id="0" * 32, public_key=os.urandom(32), enrolled_at=self.now
        )
        token = tokens.issue(collector=collector, now=self.now)
        return reload(collector), token.text

    def _encoded(self) -> tuple[str, bytes]:
        """Return the COPY statement, and the rows of a round by our own encoder."""
        import msgspec

        from apps.collectors.switches import PRESETS
        from apps.events import kinds
        from apps.events.encoding import LeftOut, Row, encoding_of
        from apps.events.policy import Policy

        kind = kinds.find("execution.events")
        assert kind is not None
        records = msgspec.convert(
            workstation.records(self._next_seed(), self.bucket), list[kind.record_type]
        )
        rows = [Row(n, r.bucket, (r.user, r.binary), r) for n, r in enumerate(records)]
        policy = Policy(PRESETS["standard"])
        encoding = encoding_of(kind, policy, ("device_id", "context_id", "source"))
        moments = {row.time for row in rows}
        parts = []
        for collector in self.collectors[:BATCHES]:
            constants = {
                "device_id": collector.device_id,
                "context_id": collector.device.context_id,
                "source": "collector",
            }
            parts += [
                data for _, data in encoding.encode(rows, moments, constants, policy, LeftOut())
            ]
        return encoding.statement, b"".join(parts)

    def _next_seed(self) -> int:
        self.seed += 1
        return self.seed


def _send_all(port: int, token: str, bodies: list[bytes]) -> None:
    """Send one after the other, by hand: on the two cores of the server a client has to be light."""
    head = (
        "POST /collector/v1/events HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        f"Authorization: Bearer {token}\r\nContent-Type: application/json\r\n"
        "Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n"
    )
    requests = [(head % len(body)).encode() + body for body in bodies]
    with socket.create_connection(("127.0.0.1", port)) as connection:
        for request in requests:
            connection.sendall(request)
            answer = http.client.HTTPResponse(connection)
            answer.begin()
            text = answer.read()
            if answer.status != 202:
                raise RuntimeError(f"{answer.status}: {text[:300]!r}")


@contextlib.contextmanager
def _web_server(surroundings: Surroundings) -> Iterator[int]:
    """Run the web server as `make run` does; yield its port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [
        sys.executable, "-m", "granian", "--interface=wsgi", "--host=127.0.0.1", f"--port={port}",
        "--workers=2", "--blocking-threads=4", "--no-ws", "--log-level=warning", "dex.wsgi:application",
    ]  # fmt: skip
    environment = {**os.environ, "DEX_PROCESS": "web"}
    with (surroundings.home / "web.log").open("wb") as log:
        server = subprocess.Popen(
            command, env=environment, stdout=log, stderr=log, cwd=Path(__file__).parent.parent
        )
        try:
            _wait_for(port)
            yield port
        finally:
            server.terminate()
            server.wait(timeout=30)


def _wait_for(port: int) -> None:
    for _ in range(300):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.1)
    raise RuntimeError("The web server did not start.")
