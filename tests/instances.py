"""Whole instances, started as a person starts them: `python manage.py up`."""

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
SECONDS = 90.0  # until a wait is given up
LAST_CHARACTERS = 4_000  # of what `up` has printed, in messages


def free_port() -> int:
    """Return a port that nothing listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


@dataclass
class Instance:
    """One DEX_HOME, its port, and the `up` that runs on it, if one does.

    told: variables of its environment, beside those that every instance gets.
    inside: a command that prepares surroundings and becomes the command that follows it.
    """

    home: Path
    port: int = field(default_factory=free_port)
    told: dict[str, str] = field(default_factory=dict)
    has_collector: bool = True
    inside: tuple[str, ...] = ()
    running: "subprocess.Popen[bytes] | None" = None

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> Path:
        """Return the file of what the last `up` has printed."""
        return self.home.with_name(self.home.name + ".log")

    @property
    def printed(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace")

    @property
    def environment(self) -> dict[str, str]:
        """Return ours without what belongs to an instance or to the test run, and its own."""
        not_its = (*FOREIGN, "DJANGO_", "PYTEST_")
        ours = {name: value for name, value in os.environ.items() if not name.startswith(not_its)}
        its = {"DEX_HOME": str(self.home), "DEX_PORT": str(self.port), "DEX_TIME_ZONE": "UTC"}
        return ours | its | self.told

    @property
    def has_ended(self) -> bool:
        return self.running is None or self.running.poll() is not None

    # --- Commands ----------------------------------------------------------------------------

    def manage(self, *arguments: str, given: str = "") -> "subprocess.CompletedProcess[str]":
        """Run a management command of this instance to its end."""
        return subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=paths.CODE,
            env=self.environment,
            input=given,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )

    def command(self, *arguments: str) -> str:
        """Run a management command that succeeds; return its standard output."""
        done = self.manage(*arguments)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def up(self, *arguments: str) -> "Instance":
        """Start the instance and wait until it says that it is ready."""
        self.begin(*arguments)
        self.wait_until_ready()
        return self

    def wait_until_ready(self, seconds: float = SECONDS) -> None:
        """Wait until the instance says that it is ready."""
        wait_for(lambda: " is ready: http" in self.printed or self.has_ended, seconds, self.output)
        assert not self.has_ended, self.output()

    def begin(self, *arguments: str) -> None:
        """Start the instance and do not wait."""
        switches = [] if self.has_collector else ["--no-collector"]
        with self.log.open("w", encoding="utf-8") as output:  # no word of an earlier start
            self.running = subprocess.Popen(
                [*self.inside, sys.executable, "manage.py", "up", *switches, *arguments],
                cwd=paths.CODE,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def stop(self, sign: signal.Signals = signal.SIGTERM) -> int:
        """Send a signal to `up`, if it runs; return its exit status."""
        if self.running is None:
            return 0
        if not self.has_ended:
            self.running.send_signal(sign)
        return self.running.wait(SECONDS)

    def output(self) -> str:
        """Return what the last `up` has printed, its last part."""
        return self.printed[-LAST_CHARACTERS:]

    # --- Processes ---------------------------------------------------------------------------

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

    def child(self, part: str) -> psutil.Process:
        """Return the oldest process of the instance whose command contains `part`."""
        assert self.running is not None
        children = psutil.Process(self.running.pid).children(recursive=True)
        found = [child for child in children if part in _command(child)]
        return min(found, key=lambda process: process.create_time())

    def kill(self, part: str) -> None:
        """Kill a process of the instance, without a chance to clean up."""
        process = self.child(part)
        process.kill()
        with contextlib.suppress(psutil.NoSuchProcess, psutil.TimeoutExpired):
            process.wait(10)

    # --- Database ----------------------------------------------------------------------------

    @contextlib.contextmanager
    def database(self) -> Iterator[psycopg.Connection[Any]]:
        """Yield a connection to the embedded database, as the application."""
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


def make_instance(*, has_collector: bool = True) -> Instance:
    """Return an instance that is not started yet, in a folder that its account can reach."""
    folder = Path(tempfile.mkdtemp(prefix="dex-up-", dir="/tmp"))
    folder.chmod(0o711)
    told = {"DEX_ADMIN_PASSWORD": PASSWORD, "DEX_HOST": "127.0.0.1"}
    return Instance(folder / "home", told=told, has_collector=has_collector)


def remove(instance: Instance) -> None:
    """Stop an instance and delete its home."""
    instance.stop()
    shutil.rmtree(instance.home.parent, ignore_errors=True)


def boot_time() -> int:
    """Return when this machine booted, in Unix time."""
    lines = Path("/proc/stat").read_text(encoding="ascii").splitlines()
    return int(next(line for line in lines if line.startswith("btime")).split()[1])


def wait_for(
    is_true: Callable[[], Any], seconds: float = SECONDS, explanation: Callable[[], str] = str
) -> None:
    """Wait until `is_true` says so.

    Raises:
        AssertionError: it did not within `seconds`.
    """
    deadline = time.monotonic() + seconds
    while not is_true():
        assert time.monotonic() < deadline, f"Not within {seconds} s: {explanation()}"
        time.sleep(0.05)


def _command(process: psutil.Process) -> str:
    """Return the command of a process, nothing if it ended while we looked."""
    try:
        return " ".join(process.cmdline())
    except psutil.NoSuchProcess:
        return ""
