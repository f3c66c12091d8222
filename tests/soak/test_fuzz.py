"""The doors for collectors under a hundred thousand examples: the fuzz of each push, only longer.

Many rounds of a few examples, shared out to all processors: see `tests.soak.rounds`.
"""

import os
import subprocess
import sys
from pathlib import Path

from dex import paths
from tests.soak.sizes import size

EXAMPLES = size("FUZZ_EXAMPLES", 100_000)  # of all tests together
ROUND = 200  # examples of one test in one transaction
PROCESSES = os.cpu_count() or 1
HOURS = 3
FUZZ = Path("tests/collectors/collector_api/test_fuzz.py")


def test_no_input_breaks_a_door(tmp_path: Path) -> None:
    tests = (paths.CODE / FUZZ).read_text(encoding="utf-8").count("@fuzz\n")
    rounds = -(-EXAMPLES // (tests * ROUND * PROCESSES))
    logs = [tmp_path / f"process-{number}.log" for number in range(PROCESSES)]

    running = [_start(rounds, log) for log in logs]
    try:
        statuses = [process.wait(timeout=HOURS * 3_600) for process in running]
    finally:
        for process in running:
            process.terminate()

    assert statuses == [0] * PROCESSES, "\n".join(log.read_text()[-8_000:] for log in logs)


def _start(rounds: int, log: Path) -> "subprocess.Popen[bytes]":
    """Start so many rounds of each test, with a database of their own."""
    plugins = ["-p", "no:cacheprovider", "-p", "tests.soak.rounds"]
    sizes = {"DEX_FUZZ_EXAMPLES": str(ROUND), "SOAK_ROUNDS": str(rounds)}
    with log.open("wb") as output:
        return subprocess.Popen(
            [sys.executable, "-m", "pytest", "-q", *plugins, str(FUZZ)],
            cwd=paths.CODE,
            env=_own_environment() | sizes,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )


def _own_environment() -> dict[str, str]:
    """Return ours without the settings that pytest-django would read before it has its own home."""
    return {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
