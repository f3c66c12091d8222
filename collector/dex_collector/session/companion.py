"""The companion itself: tells the daemon what it may, and shows what the daemon says."""

import json
import socket
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from dex_collector.bus import BusError
from dex_collector.clock import to_text
from dex_collector.local.messages import DESKTOP, IDLE, LOCKS
from dex_collector.session.desktop import Desktop
from dex_collector.session.idle import Idle

EVERY_SECONDS = 60.0  # between two tellings; a lock is told at once
ANSWER_SECONDS = 5.0
ANSWER_BYTES_MAXIMUM = 100_000
NOT_MEASURING: Mapping[str, Any] = {"type": "state", "measuring": False, "reads": []}

Show = Callable[[bool], None]


class Daemon:
    """The daemon's socket, as one account speaks to it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._link: socket.socket | None = None

    def is_connected(self) -> bool:
        """Return whether the last telling was answered."""
        return self._link is not None

    def tell(self, type_: str, **content: Any) -> dict[str, Any]:
        """Send a message and return the state that answers it.

        Raises:
            OSError: there is no daemon, or it closed the connection.
            ValueError: it is none of ours.
        """
        try:
            if self._link is None:
                self._link = socket.socket(socket.AF_UNIX)
                self._link.settimeout(ANSWER_SECONDS)
                self._link.connect(str(self._path))
            self._link.sendall(json.dumps({"type": type_, **content}).encode() + b"\n")
            return self._read_answer(self._link)
        except (OSError, ValueError):
            self.close()
            raise

    def close(self) -> None:
        """Leave."""
        link, self._link = self._link, None
        if link is not None:
            link.close()

    def _read_answer(self, link: socket.socket) -> dict[str, Any]:
        answer = b""
        while not answer.endswith(b"\n"):
            data = link.recv(4096)
            if not data or len(answer) > ANSWER_BYTES_MAXIMUM:
                raise ConnectionError("no answer")
            answer += data
        return dict(json.loads(answer))


class Companion:
    """What runs in a session. `step` does what is due and says how long nothing is."""

    def __init__(
        self,
        daemon: Daemon,
        desktop: Desktop,
        idle: Idle,
        show: Show,
        monotonic: Callable[[], float],
    ) -> None:
        """Take the ways to daemon and desktop; show: told whether the person is measured now."""
        self._daemon, self._desktop, self._monotonic = daemon, desktop, monotonic
        self._idle, self._show = idle, show
        self._state: Mapping[str, Any] = NOT_MEASURING
        self._told_lock = False
        self._is_desktop_told = False
        self._due = monotonic()

    def step(self) -> float:
        """Tell what is to be told; return the seconds until the next time."""
        try:
            if not self._daemon.is_connected():
                self._greet()
            self._relay_locks()
            if self._monotonic() >= self._due:
                self._due = self._monotonic() + EVERY_SECONDS
                self._tell_the_rest()
        except (OSError, ValueError):  # no daemon: nobody measures
            self._state, self._due = NOT_MEASURING, self._monotonic() + EVERY_SECONDS
            self._rest()
            self._show(False)
            return EVERY_SECONDS
        self._show(bool(self._state.get("measuring")))
        return max(0.1, self._due - self._monotonic())

    def stop(self) -> None:
        """Leave daemon and desktop."""
        self._daemon.close()
        self._rest()

    def _rest(self) -> None:
        self._desktop.close()
        self._idle.rest()

    def _may(self, read: str) -> bool:
        return read in self._state.get("reads", ())

    def _greet(self) -> None:
        """Ask what may be read: nothing is before the answer."""
        self._state = self._daemon.tell("hello")
        self._told_lock = self._is_desktop_told = False
        self._due = self._monotonic()

    def _relay_locks(self) -> None:
        """Tell each change of the screen lock; hear of none where it may not be read."""
        if not self._may(LOCKS):
            self._desktop.close()
            self._told_lock = False  # the daemon forgot it as well
            return
        with suppress(BusError):  # a session without a bus, or one that ends
            changes = []
            if self._desktop.open() or not self._told_lock:
                is_locked = self._desktop.read_lock()
                changes += [] if is_locked is None else [is_locked]
                self._told_lock = True
            for is_locked in [*changes, *self._desktop.lock_changes()]:
                self._state = self._daemon.tell(LOCKS, is_locked=is_locked)

    def _tell_the_rest(self) -> None:
        self._tell_desktop()
        if not self._may(IDLE):
            self._idle.rest()
        elif (idle := self._idle.read_ms()) is not None:
            self._state = self._daemon.tell(IDLE, idle_ms=idle)
            return
        self._state = self._daemon.tell("hello")

    def _tell_desktop(self) -> None:
        """Tell once when the desktop was there."""
        if self._is_desktop_told or not self._may(DESKTOP):
            return
        visible_at = self._desktop.read_visible_at()
        if visible_at is not None:
            self._state = self._daemon.tell(DESKTOP, visible_at=to_text(visible_at))
            self._is_desktop_told = True
