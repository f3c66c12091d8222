"""Stop what `up` left running, and remove an instance for good."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import BaseCommand, CommandError

from dex import paths
from dex.operations import processes
from dex.operations.accounts import SYSTEM_ACCOUNT
from dex.operations.guard import GRACE_SECONDS, Lock
from dex.operations.installation import LOCK_FILE, MADE_ACCOUNT_FILE, NAME_FILE

SPARE_SECONDS = 15.0  # for what is between the stops
STOP_SECONDS = sum(processes.STOP_SECONDS.values()) + GRACE_SECONDS + SPARE_SECONDS
STAYS = {"venv"}  # this very program runs from it


class Command(BaseCommand):
    """Ask the running `up` to stop and wait for it."""

    help = "Stop a running dex. With --delete-data also remove its data, spool and keys."
    requires_system_checks = []

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument(
            "--delete-data",
            action="store_true",
            help="remove data, spool, keys and the system account that `up` made",
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        launcher = settings.DEX_HOME / "launcher"
        was_running = stop(Lock(launcher / LOCK_FILE))
        self.stdout.write("dex has stopped." if was_running else "dex was not running.")
        if options["delete_data"]:
            self.delete(launcher)

    def delete(self, launcher: Path) -> None:
        """Remove everything after the instance's name has been typed."""
        file = launcher / NAME_FILE
        name = file.read_text(encoding="utf-8") if file.exists() else str(settings.DEX_HOME)
        self.stdout.write(f"This removes {settings.DEX_HOME} for good. Type {name!r} to go on:")
        self.stdout.flush()
        if sys.stdin.readline().strip() != name:
            raise CommandError("That is not the name: nothing was removed.")
        made_account = (launcher / MADE_ACCOUNT_FILE).exists()
        remove_contents(settings.DEX_HOME)
        if made_account and os.geteuid() == 0:
            subprocess.run(["userdel", SYSTEM_ACCOUNT], check=False, capture_output=True)
        self.stdout.write("The data are gone.")
        if settings.DATABASE_URL:
            self.stdout.write("The database of DATABASE_URL is its owner's: it is untouched.")


def stop(lock: Lock) -> bool:
    """Stop the process that holds the lock; return whether there was one.

    Raises:
        CommandError: it does not stop, or belongs to another account.
    """
    pid = lock.holder()
    if pid is None:
        return False
    try:
        os.kill(pid, signal.SIGTERM)
    except PermissionError:
        raise CommandError(f"Process {pid} belongs to another account.") from None
    except ProcessLookupError:
        pass
    deadline = time.monotonic() + STOP_SECONDS
    while lock.holder() is not None:
        if time.monotonic() > deadline:
            raise CommandError(f"Process {pid} does not stop.")
        time.sleep(0.1)
    return True


def remove_contents(home: Path) -> None:
    """Remove what lies in DEX_HOME but the virtual environment, and sockets that lie in /tmp."""
    for path in [path for path in home.iterdir() if path.name not in STAYS]:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()
    sockets = paths.socket_folder(home, "postgres").parent
    shutil.rmtree(sockets, ignore_errors=True)
