"""Companions: what runs in the sessions of people, and told of them last."""

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from dex_collector.clock import SystemClock

LOCKS_MAXIMUM = 1_000  # between two reads; the oldest go first
FRESH_SECONDS = 150.0  # a companion tells each minute; what is older is not known


@dataclass(frozen=True, slots=True)
class ScreenLock:
    """A change of a screen lock. at: monotonic seconds."""

    at: float
    uid: int
    is_locked: bool


@dataclass(slots=True)
class Told:
    """What the companion of one account told."""

    is_locked: bool = False
    idle_seconds: float = 0.0
    idle_at: float | None = None
    desktop_at: datetime | None = None


class Companions:
    """What was told, by account. The thread of the socket writes, those of probes read."""

    def __init__(self, monotonic: Callable[[], float] | None = None) -> None:
        self._monotonic = monotonic or SystemClock().monotonic
        self._guard = threading.Lock()
        self._told: dict[int, Told] = {}
        self._locks: deque[ScreenLock] = deque(maxlen=LOCKS_MAXIMUM)

    def tell_lock(self, uid: int, is_locked: bool) -> None:
        """Note whether the screen of an account is locked."""
        with self._guard:
            told = self._told.setdefault(uid, Told())
            if told.is_locked != is_locked:
                told.is_locked = is_locked
                self._locks.append(ScreenLock(self._monotonic(), uid, is_locked))

    def tell_idle(self, uid: int, seconds: float) -> None:
        """Note how long ago the last input was."""
        with self._guard:
            told = self._told.setdefault(uid, Told())
            told.idle_seconds, told.idle_at = seconds, self._monotonic()

    def tell_desktop(self, uid: int, at: datetime) -> None:
        """Note when the desktop of an account was there."""
        with self._guard:
            self._told.setdefault(uid, Told()).desktop_at = at

    def leave(self, uid: int) -> None:
        """Forget an account: its last companion is gone, and nobody tells of an unlock any more."""
        self.tell_lock(uid, is_locked=False)
        with self._guard:
            self._told.pop(uid, None)

    def forget(self) -> None:
        """Forget everything: it may not be known any more."""
        with self._guard:
            self._told.clear()
            self._locks.clear()

    def take_locks(self) -> list[ScreenLock]:
        """Return the changes since the last call, in order."""
        with self._guard:
            taken = list(self._locks)
            self._locks.clear()
        return taken

    def is_locked(self, uid: int) -> bool:
        """Return whether the screen of an account is locked, as far as anybody told."""
        with self._guard:
            told = self._told.get(uid)
        return told is not None and told.is_locked

    def idle_seconds(self, uid: int) -> float | None:
        """Return how long ago the last input of an account was, or None."""
        with self._guard:
            told = self._told.get(uid)
        if told is None or told.idle_at is None:
            return None
        passed = self._monotonic() - told.idle_at
        return told.idle_seconds + passed if passed <= FRESH_SECONDS else None

    def desktop_at(self, uid: int) -> datetime | None:
        """Return when the desktop of an account was there, or None."""
        with self._guard:
            told = self._told.get(uid)
        return told.desktop_at if told is not None else None
