"""Programs by their files: which one a process runs, and where the file lies."""

import os
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from dex_collector.users import PERSONAL_FOLDER, clean

MEMORY_FILE = "memfd"
UNKNOWN = "unknown"
NAME_MAXIMUM = 255  # characters; pathname(7) allows as many bytes
PATH_MAXIMUM = 1_024  # characters that a record may hold
DELETED = " (deleted)"
# What stands before the last such folder may name the person again, as in a copy of a home.
HOME = re.compile(r"^(?:.*/(?:home|users|media|run/user)/+[^/]+|/root(?=/))", re.I | re.S)
ROOTS = {
    "/bin/": "system", "/sbin/": "system", "/lib": "system", "/usr/": "usr", "/opt/": "opt",
    "/tmp/": "temp", "/var/tmp/": "temp", "/dev/shm/": "temp", "/root/": "user_profile",
}  # fmt: skip
GONE, OTHER = "gone", "other"


@dataclass(frozen=True, slots=True)
class Program:
    """A program. root: the word for where its file lies; path: None unless it may be told."""

    name: str
    root: str
    path: str | None = None


def read_program(folder: Path | str, comm: str, *, with_path: bool = False) -> Program:
    """Read what the process in /proc/PID runs; `comm` names one without a readable file.

    Source: proc_pid_exe(5): without the right to it the link is refused; it is absent for a
    process that has ended.
    """
    try:
        link = os.readlink(f"{folder}/exe")
    except PermissionError:
        return Program(comm or UNKNOWN, OTHER)
    except OSError:
        return Program(comm or UNKNOWN, GONE)
    program = parse_link(link, with_path=with_path)
    return program if program.name else Program(comm or UNKNOWN, program.root, program.path)


@lru_cache(maxsize=512)
def parse_link(link: str, *, with_path: bool) -> Program:
    """Return the program that the link /proc/PID/exe leads to.

    Source: proc_pid_exe(5): ` (deleted)` follows the path of a file that is gone; memfd_create(2):
    a program in memory has a path that begins with /memfd: and any name, often a random one.
    """
    if link.startswith("/memfd:"):
        return Program(MEMORY_FILE, OTHER)
    path = link.removesuffix(DELETED)
    name = clean(path.rpartition("/")[2])[:NAME_MAXIMUM]  # any byte may be in it
    return Program(name, root_of(path), shown(path) if with_path else None)


def parse_comm(stat: str) -> str:
    """Return the name that the kernel keeps of a process, from the text of /proc/PID/stat.

    Source: proc_pid_stat(5): in parentheses, and it may hold any character, these too.
    """
    start, end = stat.find("("), stat.rfind(")")
    return clean(stat[start + 1 : end]) if 0 <= start < end else ""


def root_of(path: str) -> str:
    """Return the word for the folder in which a program lies."""
    if PERSONAL_FOLDER.match(path):
        return "user_profile"
    return next((word for start, word in ROOTS.items() if path.startswith(start)), OTHER)


def shown(path: str) -> str:
    """Return a path as it may be told: the folder of a person is `~`."""
    cut = HOME.sub("~", path)
    return "".join(char for char in cut if char.isprintable())[:PATH_MAXIMUM]
