"""The collector: what it costs the device and the line, while it watches this very machine.

The daemon is the real one; the server is that of the tests, with real HTTP and TLS. A relay between
them counts every byte.
"""

import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import psutil

from benchmarks.report import Row, emit
from benchmarks.surroundings import Surroundings
from tests.collector.certificates import make_certificate
from tests.collector.fakes import ENROLMENT_KEY, FakeServer
from tests.collector.relay import Relay

CPU_BUDGET_PERCENT = 0.15  # of one core, on average
BUSIEST_BUDGET_PERCENT = 0.5  # in any 5 minutes
MEMORY_BUDGET_MB = 60
TRAFFIC_BUDGET_KBIT_S = 3  # both ways, TLS included; the collector slows down at 5
SOURCE = Path(__file__).parent.parent / "collector"
START_SECONDS = 60  # until the first batch
LOOK_SECONDS = 1.0
BUSIEST_SECONDS = 300
CLOCK_OF_SCHEDULER = 2


@dataclass(frozen=True, slots=True)
class Usage:
    """What a run took. percent: of one core; the start is from the first line to the first batch."""

    cpu_percent: float
    cpu_percent_with_start: float
    busiest_percent: float  # the most in any 5 minutes
    start_cpu_seconds: float
    memory_mb: float  # the most that was seen
    kbit_per_s: float  # with the start: enrolment and inventory
    forks_per_s: float  # processes and threads that began on this machine: it hears of programs


def run(_surroundings: Surroundings, _scale: int) -> list[Row]:
    """Measure for DEX_BENCH_SECONDS; `make soak` does so for ten minutes."""
    usage = measure(float(os.environ.get("DEX_BENCH_SECONDS", "90")))
    budgeted = partial(Row, case="collector.13", at_most=True)
    rows = [
        budgeted(
            "collector.cpu", value=usage.cpu_percent, unit="% of a core", budget=CPU_BUDGET_PERCENT
        ),
        Row("collector.cpu_of_start", "", usage.start_cpu_seconds, "s"),
        budgeted("collector.memory", value=usage.memory_mb, unit="MB", budget=MEMORY_BUDGET_MB),
        budgeted(
            "collector.traffic", value=usage.kbit_per_s, unit="kbit/s", budget=TRAFFIC_BUDGET_KBIT_S
        ),
    ]
    return [emit(row) for row in rows]


def measure(seconds: float) -> Usage:
    """Run the daemon for so long and return what it took."""
    with tempfile.TemporaryDirectory(prefix="dex-collector-") as folder:
        certificate = make_certificate(Path(folder) / "server.pem")
        server = FakeServer(certificate)
        relay = Relay(server.port)
        daemon = _start(Path(folder), relay.port, certificate)
        try:
            return _watch(psutil.Process(daemon.pid), server, relay, seconds)
        finally:
            daemon.terminate()
            daemon.wait(timeout=30)
            relay.close()
            server.close()


def _watch(process: psutil.Process, server: FakeServer, relay: Relay, seconds: float) -> Usage:
    began, forks = time.monotonic(), _forks()
    while not server.bodies:
        if time.monotonic() - began > START_SECONDS:
            raise RuntimeError("The collector sent no batch.")
        time.sleep(0.1)
    started, start_cpu = time.monotonic(), _cpu_seconds(process)
    memory, looks = 0, [(began, 0.0)]
    while time.monotonic() - began < seconds:
        memory = max(memory, process.memory_info().rss)
        looks.append((time.monotonic(), _cpu_seconds(process)))
        time.sleep(LOOK_SECONDS)
    ended, cpu = time.monotonic(), _cpu_seconds(process)
    return Usage(
        cpu_percent=100 * (cpu - start_cpu) / (ended - started),
        cpu_percent_with_start=100 * cpu / (ended - began),
        busiest_percent=100 * _busiest(looks, BUSIEST_SECONDS) / BUSIEST_SECONDS,
        start_cpu_seconds=start_cpu,
        memory_mb=memory / 1e6,
        kbit_per_s=relay.passed_bytes * 8 / 1_000 / (ended - began),
        forks_per_s=(_forks() - forks) / (ended - began),
    )


def _start(folder: Path, port: int, certificate: Path) -> "subprocess.Popen[bytes]":
    key_file = folder / "enrolment-key"
    key_file.write_text(ENROLMENT_KEY + "\n", encoding="ascii")
    command = [
        sys.executable, "-m", "dex_collector", "run", f"--state={folder / 'state'}",
        f"--server=https://127.0.0.1:{port}", f"--ca-file={certificate}",
        f"--enrolment-key-file={key_file}",
    ]  # fmt: skip
    return subprocess.Popen(
        command,
        env={**os.environ, "PYTHONPATH": str(SOURCE)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def _cpu_seconds(process: psutil.Process) -> float:
    """Return what its threads, those that have ended too, and its ended children took.

    The clock of the process is exact; the kernel's ticks of 10 ms are too coarse.
    Source: clock_getcpuclockid(3); the number of the clock: linux/posix-timers.h.
    """
    own = time.clock_gettime(~process.pid << 3 | CLOCK_OF_SCHEDULER)
    times = process.cpu_times()
    return own + float(times.children_user + times.children_system)


def _busiest(looks: list[tuple[float, float]], seconds: float) -> float:
    """Return the most processor seconds within so many seconds. looks: time and sum until then."""
    most, first = 0.0, 0
    for at, used in looks:
        while at - looks[first][0] > seconds:
            first += 1
        most = max(most, used - looks[first][1])
    return most


def _forks() -> int:
    """Return how many processes and threads began since the boot. Source: proc(5), /proc/stat."""
    lines = Path("/proc/stat").read_text(encoding="ascii").splitlines()
    return int(next(line for line in lines if line.startswith("processes")).split()[1])
