"""Checks of a running installation, one line each: `manage.py doctor` and the health page."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from django.db import InterfaceError, OperationalError

Level = Literal["ok", "warning", "error"]


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check found, in one sentence for the operator, without personal data."""

    level: Level
    text: str


Check = Callable[[datetime], Finding]

_checks: dict[str, Check] = {}


def register(name: str, check: Check) -> None:
    """Offer a check under `name` ("devices.silent"); called from `ready()`."""
    if name in _checks:
        raise ValueError(f"{name} is registered already")
    _checks[name] = check


def run(now: datetime) -> Iterator[tuple[str, Finding]]:
    """Run every check, in the order of registration; one that fails is itself a finding."""
    for name, check in _checks.items():
        yield name, _found(check, now)


def _found(check: Check, now: datetime) -> Finding:
    """Run one check; the database may be away, a file unreadable."""
    try:
        return check(now)
    except (OperationalError, InterfaceError) as error:
        return Finding("error", f"The database did not answer ({type(error).__name__}).")
    except Exception as error:  # noqa: BLE001 - one broken check must not hide the others
        return Finding("error", f"The check itself failed: {type(error).__name__}.")
