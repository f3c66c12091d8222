"""The lock of a state folder: one daemon uses it."""

import fcntl
import os
import re
from pathlib import Path

from dex_collector import private_files


class AlreadyRunning(Exception):
    """Another daemon uses this state folder."""


def lock(state: Path) -> int:
    """Return an open descriptor that holds the folder for this process.

    Raises:
        AlreadyRunning: another process has it.
    """
    descriptor = os.open(state / "daemon.lock", os.O_RDWR | os.O_CREAT, private_files.MODE)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(descriptor)
        raise AlreadyRunning(f"another collector runs with {state}") from error
    return descriptor


def is_locked(state: Path, locks: Path = Path("/proc/locks")) -> bool:
    """Return whether a daemon holds the folder, without a moment in which none could take it.

    Source: proc_locks(5): each lock with `major:minor:inode`. Some file systems number their
    device otherwise than stat(2) does, so the inode alone counts.
    """
    try:
        inode = (state / "daemon.lock").stat().st_ino
        text = locks.read_text(encoding="ascii")
    except OSError:
        return False
    return (
        re.search(rf": FLOCK +ADVISORY +WRITE +-?\d+ [0-9a-f]+:[0-9a-f]+:{inode} ", text)
        is not None
    )
