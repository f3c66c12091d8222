"""What companions may say, and what the daemon answers."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from dex_collector.clock import from_text
from dex_collector.configuration import Configuration
from dex_collector.local.companions import Companions
from dex_collector.local.server import Handler, Unreadable

LOCKS, IDLE, DESKTOP = "locks", "idle", "desktop"  # what a companion may be asked to read
IDLE_MAXIMUM_MS = 366 * 86_400_000


class Desk:
    """Takes the messages of companions, as far as they may be read now."""

    def __init__(self, companions: Companions) -> None:
        self._companions = companions
        self._reads: frozenset[str] = frozenset()

    def handlers(self) -> dict[str, Handler]:
        """Return what takes each type of message."""
        return {"hello": _greet, LOCKS: self._lock, IDLE: self._idle, DESKTOP: self._desktop}

    def leave(self, uid: int) -> None:
        """Forget an account whose companion is gone."""
        self._companions.leave(uid)

    def obey(self, configuration: Configuration, *, measures_people: bool) -> dict[str, Any]:
        """Forget what may not be known any more; return the state that companions are told."""
        reads = allowed_reads(configuration) if measures_people else frozenset()
        if self._reads - reads:
            self._companions.forget()
        self._reads = reads
        return {"type": "state", "measuring": measures_people, "reads": sorted(reads)}

    def _lock(self, uid: int, message: Mapping[str, Any]) -> None:
        is_locked = message.get("is_locked")
        if not isinstance(is_locked, bool):
            raise Unreadable
        if LOCKS in self._reads:
            self._companions.tell_lock(uid, is_locked)

    def _idle(self, uid: int, message: Mapping[str, Any]) -> None:
        idle = message.get("idle_ms")
        if not isinstance(idle, int) or not 0 <= idle <= IDLE_MAXIMUM_MS:
            raise Unreadable
        if IDLE in self._reads:
            self._companions.tell_idle(uid, idle / 1000)

    def _desktop(self, uid: int, message: Mapping[str, Any]) -> None:
        at = _moment(message.get("visible_at"))
        if DESKTOP in self._reads:
            self._companions.tell_desktop(uid, at)


def allowed_reads(configuration: Configuration) -> frozenset[str]:
    """Return what companions may read under a configuration. Locks tell how long one lasted."""
    switches = {IDLE: "user_activity", DESKTOP: "session_events"}
    return frozenset(
        {LOCKS, *(read for read, switch in switches.items() if configuration.is_on(switch))}
    )


def _greet(uid: int, message: Mapping[str, Any]) -> None:
    """Take a greeting: its answer is what a companion wants."""


def _moment(text: Any) -> datetime:
    try:
        return from_text(text)
    except (TypeError, ValueError, OverflowError) as error:
        raise Unreadable from error
