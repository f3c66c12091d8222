"""Where one running instance keeps things, as whom its processes run, and what they are told."""

import os
import sys
from dataclasses import dataclass
from pathlib import Path

from dex import env, paths
from dex.operations import accounts, postgres
from dex.operations.accounts import Account

CONFIGURATION = ("DEX_", "DATABASE_URL", "CELERY_BROKER_URL", "HOSTING_REGION")
LOCK_FILE = "up.lock"  # these three lie in the launcher's folder
NAME_FILE = "instance_name"
MADE_ACCOUNT_FILE = "made_account"
NOT_FOR_CHILDREN = {"DEX_ADMIN_PASSWORD", "DEX_PROCESS"}  # `prepare` reads the former


@dataclass(frozen=True)
class Installation:
    """Folders, accounts and addresses of one `up`."""

    home: Path
    account: Account  # of the servers, web, worker and beat
    host: str
    port: int
    database_url: str = ""  # "": embedded, as with the other two
    broker_url: str = ""
    cache_url: str = ""
    has_collector: bool = True

    @property
    def code(self) -> Path:
        """Return the folder of the manage.py that children run."""
        return paths.CODE if self.account.is_current else self.home / "app"

    @property
    def launcher(self) -> Path:
        """Return the folder that the launcher alone reads."""
        return self.home / "launcher"

    @property
    def log(self) -> Path:
        """Return the folder of the log files."""
        return self.home / "log"

    @property
    def collector_state(self) -> Path:
        """Return the folder of the local collector's identity and spool."""
        return self.home / "collector"

    @property
    def local_address(self) -> str:
        """Return where a client on this machine reaches the web processes."""
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)
        return f"http://{f'[{host}]' if ':' in host else host}:{self.port}"

    @property
    def cluster(self) -> postgres.Cluster:
        """Return the embedded PostgreSQL."""
        return postgres.Cluster(
            data=self.home / "postgres" / "data",
            socket=paths.socket_folder(self.home, "postgres"),
            configuration=self.home / "configuration",
            password_file=self.launcher / "postgres_password",
            account=self.account,
            binaries=postgres.binaries(),
        )

    def make_folders(self) -> None:
        """Make every folder, each for whom it is.

        Raises:
            StartProblem: one cannot be made, or the servers' account cannot reach it.
        """
        us = Account.current()
        accounts.make_folder(self.home, us, 0o700 if self.account.is_current else 0o711)
        accounts.require_reach(self.home, self.account, "DEX_HOME")
        for folder in (self.launcher, self.log, self.collector_state):
            accounts.make_folder(folder, us, 0o700)
        for name in ("secrets", "postgres", "run", "broker", "storage", "spool", "static"):
            accounts.make_folder(self.home / name, self.account, 0o700)

    def environment(self, process: str) -> dict[str, str]:
        """Return the environment of one of our own processes.

        A file that `<NAME>_FILE` names is read here: the servers' account may not be able to.
        """
        told = {name: value for name, value in os.environ.items() if name.startswith(CONFIGURATION)}
        for name in [name for name in told if name.endswith("_FILE")]:
            told[name.removesuffix("_FILE")] = env.read_file(name, Path(told.pop(name)))
        return (
            self.plain_environment()
            | {name: value for name, value in told.items() if name not in NOT_FOR_CHILDREN}
            | {
                "DJANGO_SETTINGS_MODULE": "dex.settings",
                "DEX_HOME": str(self.home),
                "DEX_HOST": self.host,
                "DEX_PORT": str(self.port),
                "DEX_PROCESS": process,
            }
        )

    def plain_environment(self) -> dict[str, str]:
        """Return an environment that tells nothing of this instance."""
        return {
            "PATH": os.environ.get("PATH", os.defpath),
            "LANG": "C.UTF-8",
            "HOME": str(self.home),
            "PYTHONUNBUFFERED": "1",
        }

    def python(self) -> str:
        """Return the interpreter for the children.

        Raises:
            StartProblem: the servers' account cannot reach it.
        """
        what = "The Python that runs dex"
        accounts.require_reach(Path(sys.executable).parent, self.account, what)
        accounts.require_reach(Path(os.path.realpath(sys.executable)), self.account, what)
        return sys.executable
