"""Whole instances, started as a person starts them: `python manage.py up`."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[2]
SECONDS = 90.0  # until a wait is given up


def free_port() -> int:
    """Return a port that nothing listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


def until(condition: Callable[[], bool], what: Callable[[], str] = str) -> None:
    """Wait for a condition; `what` explains when it never becomes true."""
    deadline = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < deadline, what()
        time.sleep(0.05)


def clean_environment() -> dict[str, str]:
    """Return our environment without what belongs to an instance or to the test run."""
    ours = ("DEX_", "DATABASE_URL", "CELERY_BROKER_URL", "DJANGO_", "PYTEST_")
    return {name: value for name, value in os.environ.items() if not name.startswith(ours)}


@dataclass
class Instance:
    """One DEX_HOME, its port, and the `up` that runs on it, if one does."""

    home: Path
    port: int = field(default_factory=free_port)
    environment: dict[str, str] = field(default_factory=dict)
    running: "subprocess.Popen[str] | None" = None

    @property
    def log(self) -> Path:
        """Return what `up` has printed."""
        return self.home.with_name(self.home.name + ".log")

    @property
    def printed(self) -> str:
        return self.log.read_text(encoding="utf-8")

    def manage(self, *arguments: str, given: str = "") -> "subprocess.CompletedProcess[str]":
        """Run a management command of this instance to its end."""
        return subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env=self._environment(),
            input=given,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )

    def up(self, *arguments: str) -> "Instance":
        """Start the instance and wait until it is ready."""
        running = self.begin(*arguments)
        until(
            lambda: " is ready: http" in self.printed or running.poll() is not None,
            lambda: self.printed[-3000:],
        )
        assert running.poll() is None, self.printed[-3000:]
        return self

    def begin(self, *arguments: str) -> "subprocess.Popen[str]":
        """Start the instance and do not wait."""
        with self.log.open("w", encoding="utf-8") as output:
            self.running = subprocess.Popen(
                [sys.executable, "manage.py", "up", *arguments],
                cwd=ROOT,
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                text=True,
            )
        return self.running

    def stop(self, sign: signal.Signals = signal.SIGTERM) -> int:
        """Send a signal to `up` and return its exit status."""
        assert self.running is not None
        self.running.send_signal(sign)
        return self.running.wait(SECONDS)

    def children(self) -> list[str]:
        """Return the commands of all processes that belong to this DEX_HOME."""
        needle = f"DEX_HOME={self.home}\0".encode()
        found = []
        for process in Path("/proc").glob("[0-9]*"):
            try:
                told = (process / "environ").read_bytes() + b"\0"
                if needle in told or f"HOME={self.home}\0".encode() in told:
                    found.append((process / "cmdline").read_text().replace("\0", " "))
            except OSError:
                continue
        return [command for command in found if command]

    def supervisor_pid(self) -> int:
        """Return the supervisor below the guard."""
        assert self.running is not None
        pid = self.running.pid
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        return int(children[0])

    def _environment(self) -> dict[str, str]:
        return (
            clean_environment()
            | {"DEX_HOME": str(self.home), "DEX_PORT": str(self.port), "DEX_TIME_ZONE": "UTC"}
            | self.environment
        )
