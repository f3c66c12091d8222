"""The lock of a state folder: one daemon uses it."""

import fcntl
import os
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
