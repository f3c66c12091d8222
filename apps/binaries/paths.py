"""Paths of programs, without the people in them."""

import re

# Folders of people are named after them, wherever they are mounted or copied to.
_HOME = re.compile(
    r"^.*[/\\](?:home|users|documents and settings|media|run/user)[/\\]+[^/\\]+", re.I | re.S
)


def cut_home(path: str) -> str:
    """Return a path in which the way to somebody's folder is `~`: "~/bin/tool".

    The last such folder counts: what stands before it may name the person again.
    """
    return _HOME.sub("~", path)


def file_name(path: str) -> str:
    """Return the last step of a path of any system; a name that is none stays as it is."""
    return re.split(r"[/\\]", path)[-1] or path
