"""The start of an instance, in order: checks, folders, servers, database, processes."""

import hashlib
import http.client
import json
import secrets
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from django.conf import settings

from dex import env, paths
from dex.database import NAME
from dex.operations import accounts, code, preflight, processes, roles, valkey
from dex.operations.accounts import Account
from dex.operations.installation import NAME_FILE, Installation
from dex.operations.problems import StartProblem
from dex.operations.supervisor import Ended, Process, Supervisor

READY_SECONDS = 60.0
IDENTITY = "identity.json"  # of the local collector


@dataclass
class Start:
    """One start: from nothing to all processes ready."""

    at: Installation
    supervisor: Supervisor

    def run(self) -> str:
        """Start everything; return what the operator is told.

        Raises:
            StartProblem: it cannot go on.
            Stopped: somebody asked to stop meanwhile.
        """
        self.make_secret_key()
        self.start_servers()
        self.make_database()
        login, password = self.make_administrator()
        self.start_application()
        self.start_collector()
        return self.farewell(login, password)

    def make_secret_key(self) -> None:
        """Make the key that signs sessions, one for all processes, unless the operator has set it."""
        file = self.at.home / "secrets" / "secret_key"
        roles.keep_secret(file, self.at.account, secrets.token_urlsafe(50))

    # --- Servers -----------------------------------------------------------------------------

    def start_servers(self) -> None:
        """Start the embedded servers that no address replaces."""
        if not self.at.database_url:
            self.at.cluster.initialise()
            child = self.supervisor.start(processes.database(self.at))
            self.supervisor.wait_for(self.at.cluster.is_ready, child, READY_SECONDS)
        if not self.at.broker_url:
            self.start_valkey(processes.broker(self.at))
        if self.needs_embedded_cache:
            self.start_valkey(processes.cache(self.at))

    @property
    def needs_embedded_cache(self) -> bool:
        """Return whether neither an address nor the database is the cache."""
        return settings.CACHES["default"]["LOCATION"].startswith("unix://") and (
            not self.at.cache_url
        )

    def start_valkey(self, process: Process) -> None:
        """Start a Valkey server and wait until it answers."""
        folder = paths.socket_folder(self.at.home, process.name)
        accounts.make_folder(folder.parent, self.at.account, 0o700)
        accounts.make_inner_folder(folder, self.at.account)
        child = self.supervisor.start(process)

        def is_ready() -> bool:
            return bool(
                accounts.run_as(self.at.account, lambda: "yes" if valkey.is_ready(folder) else "")
            )

        self.supervisor.wait_for(is_ready, child, READY_SECONDS)

    # --- Database ----------------------------------------------------------------------------

    def make_database(self) -> None:
        """Make database, roles and audit schema of the embedded server."""
        if self.at.database_url:
            return
        file = self.at.home / "secrets" / "database_password"
        password = env.text("DEX_DATABASE_PASSWORD") or roles.application_password(
            file, self.at.account
        )
        with self.at.cluster.connect() as connection:
            roles.make_database(connection, NAME)
        with self.at.cluster.connect(NAME) as connection:
            roles.apply(connection, password)

    def prepare(self, password: str, untold: str) -> dict[str, str]:
        """Migrate and fill the database as the application; return what the command answers.

        password: for a main administrator, used if there is none.
        untold: made by an earlier start that told nobody; does it still open the door?
        """
        static = StaticMark(self.at)
        arguments = [] if static.is_current else ["--collectstatic"]
        process = processes.command(self.at, "prepare_instance", *arguments)
        ended = self.supervisor.run(process, given=f"{password}\n{untold}\n".encode())
        if ended.status:
            raise StartProblem(f"The database could not be prepared: {self.reason(ended)}")
        answer: dict[str, str] = json.loads(ended.output.splitlines()[-1])
        if newer := answer.get("newer"):
            raise StartProblem(
                f"The data were made by a newer dex than {settings.DEX_VERSION}"
                f" ({', '.join(newer)}): install that version, or restore a backup of this one."
            )
        if refused := answer.get("refused"):
            raise StartProblem(f"DEX_ADMIN_PASSWORD: {refused}")
        static.set()
        (self.at.launcher / NAME_FILE).write_text(answer["instance"], encoding="utf-8")
        return answer

    def make_administrator(self) -> tuple[str, str]:
        """Prepare the database; return the login and password that the operator has to be told.

        A password that we make is kept before it counts, and until it has been shown: this start
        may still fail. Both are empty where there is nothing to tell.
        """
        file, chosen = self.first_password, env.text("DEX_ADMIN_PASSWORD")
        untold = file.read_text(encoding="ascii") if file.exists() else ""
        made = chosen or roles.keep_secret(file, Account.current(), secrets.token_urlsafe(12))
        answer = self.prepare(made, untold)
        if login := answer["untold"]:
            return login, untold
        if chosen or not answer["administrator"]:
            self.forget_first_password()
            made = ""
        return answer["administrator"], made

    @property
    def first_password(self) -> Path:
        """Return the file of a password that nobody has been shown."""
        return self.at.launcher / "first_password"

    def forget_first_password(self) -> None:
        """Remove the main administrator's password: the operator has seen it."""
        self.first_password.unlink(missing_ok=True)

    # --- Application -------------------------------------------------------------------------

    def start_application(self) -> None:
        """Start web, worker and beat, and wait until the web answers."""
        web = self.supervisor.start(processes.web(self.at))
        self.supervisor.start(processes.worker(self.at, settings.DEX_QUEUES))
        self.supervisor.start(processes.beat(self.at))
        self.supervisor.wait_for(lambda: answers(self.at), web, READY_SECONDS)

    def start_collector(self) -> None:
        """Start the collector of this machine; the first time it gets a key to enrol with."""
        if not self.at.has_collector:
            return
        if not (self.at.collector_state / IDENTITY).exists():
            self.write_enrolment_key()
        self.supervisor.start(processes.collector(self.at))

    def write_enrolment_key(self) -> None:
        """Have a key made for this machine, and keep it where its collector alone reads it."""
        process = processes.command(self.at, "make_local_enrolment_key")
        ended = self.supervisor.run(process)
        if ended.status:
            raise StartProblem(f"The local collector got no key: {self.reason(ended)}")
        file = self.at.collector_state / processes.ENROLMENT_KEY_FILE
        file.unlink(missing_ok=True)
        roles.keep_secret(file, Account.current(), ended.output.decode().strip())

    def reason(self, ended: Ended) -> str:
        """Return why a process failed, and where more of it stands."""
        return f"{ended.last_line or ended.status} (more in {self.at.log})"

    def farewell(self, administrator: str, password: str) -> str:
        """Return the last lines of the start: address, and the first time how to sign in."""
        lines = [f"dex {settings.DEX_VERSION} is ready: {settings.DEX_PUBLIC_URL}/admin/"]
        if administrator:
            lines.append(f"Main administrator: {administrator}")
        if password:
            lines.append(f"Password: {password}  (shown this once)")
        if self.at.database_url and (warning := preflight.database_warning(self.at.database_url)):
            lines.append(warning)
        return "\n".join(lines)


class StaticMark:
    """Whether the collected static files are those of this code."""

    def __init__(self, at: Installation) -> None:
        self.file = at.launcher / "static_fingerprint"
        lock = paths.CODE / "requirements.lock"
        parts = [settings.DEX_VERSION, code.fingerprint(paths.CODE), str(at.home)]
        if lock.exists():
            parts.append(hashlib.sha256(lock.read_bytes()).hexdigest())
        self.wanted = "\n".join(parts)
        manifest = at.home / "static" / "staticfiles.json"
        self.is_current = (
            manifest.exists() and self.file.exists() and self.file.read_text() == self.wanted
        )

    def set(self) -> None:
        """Remember that the files are collected."""
        self.file.write_text(self.wanted)


def check(at: Installation) -> None:
    """Look at what would stop the start later, before anything starts.

    Raises:
        StartProblem: the first thing found.
    """
    preflight.check_public_url()
    preflight.check_port(at.host, at.port)
    preflight.check_disk(at.home)
    if at.database_url:
        preflight.check_database(at.database_url)
    if at.broker_url:
        preflight.check_broker(at.broker_url)
    if at.cache_url:
        preflight.check_cache(at.cache_url)


def answers(at: Installation) -> bool:
    """Return whether the web processes say that they are ready."""
    address = urlsplit(at.local_address)
    connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=5)
    try:
        connection.request("GET", "/readyz", headers={"Host": "localhost"})
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
