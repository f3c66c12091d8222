"""The private server of the benchmarks, kept under DEX_HOME/bench: durable, as in production."""

import os
import subprocess
from pathlib import Path
from types import TracebackType
from typing import Self

from dex.operations import postgres, roles
from dex.operations.accounts import Account

DATABASE = "dex"
PASSWORD = "only-for-benchmarks"


class Surroundings:
    """A cluster with the tables of dex, and the environment that leads to it."""

    def __init__(self) -> None:
        self.home = _home()
        self.server: subprocess.Popen[bytes] | None = None

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
        self._set_up_django()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self.server is not None:
            self.server.send_signal(postgres.STOP_SIGNAL)
            self.server.wait(timeout=60)

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
