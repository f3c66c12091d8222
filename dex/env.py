"""Readers of the environment that stop the start with a sentence when a value is wrong.

Each name has a twin `<NAME>_FILE`: a file that holds the value, as container platforms give secrets.
"""

import os
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

TRUE = {"1", "true", "yes", "on"}
FALSE = {"0", "false", "no", "off"}


def text(name: str, default: str = "") -> str:
    """Return the value of `name`, of the file that `<name>_FILE` names, or the default."""
    if path := os.environ.get(f"{name}_FILE"):
        return read_file(f"{name}_FILE", Path(path))
    return os.environ.get(name, "").strip() or default


def flag(name: str, default: bool) -> bool:
    """Return the value of `name` as a truth value: 1, true, yes, on; 0, false, no, off."""
    value = text(name).lower()
    if value and value not in TRUE | FALSE:
        raise ImproperlyConfigured(f"{name} is {value!r}: write 1 or 0.")
    return value in TRUE if value else default


def integer(name: str, default: int, *, low: int, high: int) -> int:
    """Return the value of `name` as a whole number from `low` to `high`, both included."""
    value = text(name)
    if not value:
        return default
    if not value.isascii() or not value.isdigit() or not low <= int(value) <= high:
        raise ImproperlyConfigured(f"{name} is {value!r}: write a number from {low} to {high}.")
    return int(value)


def networks(name: str) -> list[IPv4Network | IPv6Network]:
    """Return the networks of `name`, separated by commas: 10.0.0.0/8, 192.0.2.7."""
    try:
        return [ip_network(part.strip()) for part in text(name).split(",") if part.strip()]
    except ValueError as problem:
        raise ImproperlyConfigured(f"{name}: {problem}. Write 10.0.0.0/8, 192.0.2.7.") from None


def paths(name: str) -> list[Path]:
    """Return the files of `name`, separated by commas."""
    return [Path(part.strip()) for part in text(name).split(",") if part.strip()]


def secret(name: str, path: Path, default: str) -> str:
    """Return the value of `name`, else the text of the launcher's file `path`, else `default`.

    Follows no link: root reads here, and the servers' account owns the folder.
    """
    if value := text(name):
        return value
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return default
    with os.fdopen(descriptor, encoding="utf-8") as file:
        return file.read().strip()


def read_file(name: str, path: Path) -> str:
    """Return the text of the file that the variable `name` stands for, without blanks around."""
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as problem:
        raise ImproperlyConfigured(f"{name}: {path} cannot be read: {problem}.") from None
