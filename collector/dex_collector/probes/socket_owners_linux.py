"""Which process has a socket, told by the socket alone: no name of an open file is read."""

import os
import stat
from collections.abc import Container, Iterator
from pathlib import Path

DESCRIPTORS = "fd"


def find_owners(root: Path, inodes: set[int], pids: Iterator[int]) -> dict[int, int]:
    """Return the process of each of these sockets, as far as `pids` have them.

    A descriptor is asked what it leads to, by stat(2), not by the text of its link: the link of a
    document would be its path. Cost: a call of the system for each descriptor, until all are found.
    """
    owners: dict[int, int] = {}
    for pid in pids:
        for inode in read_socket_inodes(root / "proc" / str(pid), inodes):
            owners.setdefault(inode, pid)
        if len(owners) == len(inodes):
            break
    return owners


def read_socket_inodes(process: Path, wanted: Container[int]) -> list[int]:
    """Read which of the wanted sockets a process has open; none without the right to know."""
    folder = f"{process}/{DESCRIPTORS}"
    try:
        names = os.listdir(folder)
    except OSError:
        return []
    found = []
    for name in names:
        try:
            what = os.stat(f"{folder}/{name}")
        except OSError:
            continue
        if stat.S_ISSOCK(what.st_mode) and what.st_ino in wanted:
            found.append(what.st_ino)
    return found
