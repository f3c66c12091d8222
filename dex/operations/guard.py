"""What stands above the supervisor: one `up` per DEX_HOME, and nothing left when it is killed."""

import fcntl
import os
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import FrameType

from dex.operations.children import (
    adopt_orphans,
    dies_with_parent,
    kill_children,
    reap_children,
)
from dex.operations.problems import StartProblem

GRACE_SECONDS = 20.0


class Lock:
    """A lock file that one running `up` holds; its text is the number of its process."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._descriptor: int | None = None

    def take(self) -> None:
        """Hold the lock until this process and the supervisor below it have ended.

        Raises:
            StartProblem: another one holds it.
        """
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            raise StartProblem(
                f"dex already runs on {self.path.parent.parent} (process {self.holder() or '?'}):"
                " stop it with `python manage.py down`, or set DEX_HOME to another folder."
            ) from None
        os.ftruncate(descriptor, 0)
        os.write(descriptor, str(os.getpid()).encode())
        self._descriptor = descriptor

    def holder(self) -> int | None:
        """Return the process that holds the lock, None where nobody does."""
        try:
            descriptor = os.open(self.path, os.O_RDWR)
        except FileNotFoundError:
            return None
        try:
            # Shared: two that only look must not take each other for a running `up`, whose number
            # in the file may be that of a stranger by now.
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            text = os.read(descriptor, 32).decode("ascii", errors="replace")
            return int(text) if text.isdigit() else None
        finally:
            os.close(descriptor)
        return None


def run_guarded(main: Callable[[], int], grace_seconds: float = GRACE_SECONDS) -> int:
    """Run `main`, the supervisor, in a child; end whatever it leaves; return its status.

    The supervisor may be killed, even by SIGKILL: the kernel then asks its processes to stop and
    they come to us. We wait for `grace_seconds` and kill the rest. Should this process be killed,
    the kernel sends the supervisor SIGTERM, and it stops all in order.
    """
    adopt_orphans()
    sys.stdout.flush()
    sys.stderr.flush()
    die_with_us = dies_with_parent(signal.SIGTERM)
    supervisor = os.fork()
    if supervisor == 0:
        die_with_us()
        return main()

    def forward(sign: int, _frame: FrameType | None) -> None:
        with suppress(ProcessLookupError):
            os.kill(supervisor, sign)

    listen(forward)
    status = _wait_for(supervisor)
    reap_children(grace_seconds)
    kill_children()
    return status if status >= 0 else 128 - status


def listen(handler: Callable[[int, FrameType | None], None]) -> None:
    """Have `handler` called for each request to stop; under nohup SIGHUP stays ignored."""
    for sign in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(sign) != signal.SIG_IGN:
            signal.signal(sign, handler)


def _wait_for(supervisor: int) -> int:
    """Return the supervisor's exit status, negative for a signal; reap others meanwhile."""
    while True:
        pid, status = os.wait()
        if pid == supervisor:
            return os.waitstatus_to_exitcode(status)
