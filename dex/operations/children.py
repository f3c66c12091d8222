"""Child processes that do not outlive who started them."""

import ctypes
import os
import signal
import sys
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36


def dies_with_parent(stop: signal.Signals) -> Callable[[], None]:
    """Return a preexec_fn: the kernel sends `stop` to the child when its parent ends.

    It runs after the change of account, which would clear the wish. Only for parents that fork
    from their main thread: the kernel means the thread, not the process.
    Source: prctl(2), PR_SET_PDEATHSIG.
    """
    parent = os.getpid()
    prctl = _prctl()

    def preexec() -> None:
        prctl(PR_SET_PDEATHSIG, int(stop))
        if os.getppid() != parent:  # it ended between fork and prctl
            os.kill(os.getpid(), signal.SIGKILL)

    return preexec


def adopt_orphans() -> None:
    """Make this process the parent of descendants whose own parent ends (Linux)."""
    _prctl()(PR_SET_CHILD_SUBREAPER, 1)


def kill_children() -> int:
    """Kill whatever descends from this process, and reap it; return how many were left.

    Orphans come to us one generation after the other, hence the loop.
    """
    count = 0
    while pids := living_children():
        for pid in pids:
            _kill(pid)
            count += 1
        for pid in pids:
            _reap(pid)
    return count


def reap_children(seconds: float) -> None:
    """Reap children as they end, until none is left or the time is over."""
    deadline = time.monotonic() + seconds
    while living_children() and time.monotonic() < deadline:
        try:
            pid, _status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid == 0:
            time.sleep(0.02)


def living_children() -> list[int]:
    """Return the process ids of this process's direct children."""
    pids: list[int] = []
    for file in Path("/proc/self/task").glob("*/children"):
        pids += [int(pid) for pid in file.read_text(encoding="ascii").split()]
    return pids


def kill_group(pid: int, sign: signal.Signals = signal.SIGKILL) -> None:
    """Send `sign` to the process group that `pid` leads; one that has ended is fine."""
    try:
        os.killpg(pid, sign)
    except (ProcessLookupError, PermissionError):
        return


def _kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def _reap(pid: int) -> None:
    try:
        os.waitpid(pid, 0)
    except ChildProcessError:
        return


@cache
def _prctl() -> Callable[[int, int], int]:
    if not sys.platform.startswith("linux"):
        return lambda _option, _value: 0
    library = ctypes.CDLL(None, use_errno=True)

    def prctl(option: int, value: int) -> int:
        return int(library.prctl(option, ctypes.c_ulong(value), 0, 0, 0))

    return prctl
