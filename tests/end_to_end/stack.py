"""One real instance for the whole run: `manage.py up` in a home of its own."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import psycopg

from dex import paths
from tests.environment import FOREIGN

PASSWORD = "a password for Ada"
READY_SECONDS = 120


@dataclass
class Stack:
    """An instance that `up` started; `--no-collector` unless it is asked for."""

    home: Path
    port: int
    has_collector: bool = True
    process: "subprocess.Popen[bytes] | None" = None
    extra: dict[str, str] = field(default_factory=dict)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> Path:
        return self.home.with_name(self.home.name + ".log")

    @property
    def environment(self) -> dict[str, str]:
        told = {k: v for k, v in os.environ.items() if not k.startswith(FOREIGN)}
        return told | {
            "DEX_HOME": str(self.home),
            "DEX_ADMIN_PASSWORD": PASSWORD,
            "DEX_TIME_ZONE": "UTC",
            "DEX_HOST": "127.0.0.1",
            **self.extra,
        }

    def start(self) -> None:
        """Run `manage.py up` and wait until it says that it is ready."""
        command = [sys.executable, "manage.py", "up", f"--port={self.port}"]
        if not self.has_collector:
            command.append("--no-collector")
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                command,
                cwd=paths.CODE,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        wait_for(
            lambda: "is ready: http" in self.output() or self.ended, READY_SECONDS, self.output
        )
        assert not self.ended, self.output()

    @property
    def ended(self) -> bool:
        return self.process is not None and self.process.poll() is not None

    def stop(self) -> None:
        """Ask the instance to stop, as Ctrl-C does, and wait for it."""
        if self.process is not None and not self.ended:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(timeout=60)

    def output(self) -> str:
        """Return what the instance has said so far, its last part."""
        return self.log.read_text(errors="replace")[-4_000:]

    def child(self, part: str) -> psutil.Process:
        """Return the oldest process of the instance whose command contains `part`."""
        assert self.process is not None
        children = psutil.Process(self.process.pid).children(recursive=True)
        found = [child for child in children if part in _command(child)]
        return min(found, key=lambda process: process.create_time())

    def kill(self, part: str) -> None:
        """Kill a process of the instance, without a chance to clean up."""
        process = self.child(part)
        process.kill()
        with contextlib.suppress(psutil.NoSuchProcess, psutil.TimeoutExpired):
            process.wait(10)

    def command(self, *arguments: str) -> str:
        """Run a management command of the instance; return its standard output."""
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=paths.CODE,
            env=self.environment,
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout

    @contextlib.contextmanager
    def database(self) -> Iterator[psycopg.Connection[Any]]:
        """Yield a connection to the instance's database, as the application."""
        password = (self.home / "secrets" / "database_password").read_text(encoding="ascii")
        with psycopg.connect(
            host=str(paths.socket_folder(self.home, "postgres")),
            dbname="dex",
            user="dex",
            password=password.strip(),
            autocommit=True,
        ) as connection:
            yield connection

    def value(self, query: str, *parameters: Any) -> Any:
        """Return the single value of a query."""
        with self.database() as connection:
            row = connection.execute(query.encode(), parameters).fetchone()
        return row and row[0]


def _command(process: psutil.Process) -> str:
    """Return the command of a process, nothing if it ended while we looked."""
    try:
        return " ".join(process.cmdline())
    except psutil.NoSuchProcess:
        return ""


def make_stack(*, has_collector: bool = True) -> Stack:
    """Return an instance that is not started yet, in a folder that its account can reach."""
    home = Path(tempfile.mkdtemp(prefix="dex-up-", dir="/tmp"))
    home.chmod(0o711)
    return Stack(home=home / "home", port=free_port(), has_collector=has_collector)


def remove(stack: Stack) -> None:
    """Stop an instance and delete its home."""
    stack.stop()
    shutil.rmtree(stack.home.parent, ignore_errors=True)


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(
    is_true: Callable[[], Any], seconds: float, explanation: Callable[[], str] = lambda: ""
) -> None:
    """Wait until `is_true` says so.

    Raises:
        AssertionError: it did not within `seconds`.
    """
    deadline = time.monotonic() + seconds
    while not is_true():
        assert time.monotonic() < deadline, f"Not within {seconds} s: {explanation()}"
        time.sleep(0.1)
