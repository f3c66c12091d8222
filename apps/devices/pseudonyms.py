"""Pseudonyms of people: what a device sends in a name's place takes a second step (privacy.md 3).

Who knows the key registers that step; it lies above this app.
"""

from collections.abc import Callable

Stored = Callable[[str, int], str]

_steps: list[Stored] = []


def register(stored: Stored) -> None:
    """Say what is stored of a pseudonym "h:..."; `users` does, once."""
    _steps[:] = [stored]


def stored(sent: str, epoch: int) -> str:
    """Return what is stored of a pseudonym of an epoch, "" where nobody knows the second step."""
    return _steps[0](sent, epoch) if _steps else ""
