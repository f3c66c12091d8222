"""The private server of the benchmarks, kept under DEX_HOME/bench: durable, as in production."""

import os
import signal
import subprocess
from pathlib import Path
from types import TracebackType
from typing import Self

from dex.operations import accounts, postgres, roles, valkey
from dex.operations.accounts import Account
from dex.operations.children import dies_with_parent

DATABASE = "dex"
PASSWORD = "only-for-benchmarks"


class Surroundings:
    """A cluster with the tables of dex, and the environment that leads to it."""

    def __init__(self) -> None:
        self.home = _home()
        self.server: subprocess.Popen[bytes] | None = None
        self.cache: subprocess.Popen[bytes] | None = None

    @property
    def cluster(self) -> postgres.Cluster:
        """Return the benchmarks' cluster."""
        return postgres.Cluster(
            data=self.home / "postgres" / "data",
            socket=self.home / "run" / "postgres",
            configuration=self.home / "configuration",
            password_file=self.home / "launcher" / "postgres_password",
            account=_server_account(),
            binaries=postgres.binaries(),
        )

    def __enter__(self) -> Self:
        cluster = self.cluster
        (self.home / "secrets").mkdir(parents=True, exist_ok=True)
        cluster.data.parent.mkdir(mode=0o755, exist_ok=True)
        if not cluster.account.is_current:
            os.chown(cluster.data.parent, cluster.account.uid, cluster.account.gid)
        cluster.initialise()
        self.server = cluster.start(self.home / "postgres.log")
        with cluster.connect() as connection:
            if not connection.execute(
                "SELECT FROM pg_database WHERE datname = %s", [DATABASE]
            ).fetchone():
                roles.make_database(connection, DATABASE)
        with cluster.connect(DATABASE) as connection:
            roles.apply(connection, PASSWORD)
        self._start_cache()
        self._set_up_django()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self.cache is not None:
            self.cache.terminate()
            self.cache.wait(timeout=60)
        if self.server is not None:
            self.server.send_signal(postgres.STOP_SIGNAL)
            self.server.wait(timeout=60)

    def _start_cache(self) -> None:
        """Start the cache in which the doors count requests."""
        folder = self.home / "run" / "cache"
        account = _server_account()
        accounts.make_folder(folder, account, 0o700)
        self.cache = subprocess.Popen(
            valkey.command(folder, folder, valkey.CACHE),
            stdout=subprocess.DEVNULL,
            preexec_fn=dies_with_parent(signal.SIGTERM),
            **account.popen_arguments(),
        )
        postgres.wait_until(
            lambda: valkey.is_ready(folder),
            seconds=30,
            gave_up=lambda: self.cache is None or self.cache.poll() is not None,
            problem=lambda: "The cache did not start.",
        )

    def _set_up_django(self) -> None:
        os.environ |= {
            "DJANGO_SETTINGS_MODULE": "dex.settings",
            "DEX_HOME": str(self.home),
            "DEX_TIME_ZONE": "UTC",
            "DEX_DATABASE_PASSWORD": PASSWORD,
        }
        import django
        from django.core.management import call_command

        django.setup()
        call_command("migrate", verbosity=0, interactive=False)


def _home() -> Path:
    default = "/var/lib/dex" if os.geteuid() == 0 else "~/.local/share/dex"
    home = Path(os.environ.get("DEX_HOME", default)).expanduser() / "bench"
    home.mkdir(mode=0o711, parents=True, exist_ok=True)
    return home


def _server_account() -> Account:
    if os.geteuid() != 0:
        return Account.current()
    account = Account.named("dex") or Account.named("nobody")
    assert account is not None, "root needs an account dex or nobody for PostgreSQL"
    return account
