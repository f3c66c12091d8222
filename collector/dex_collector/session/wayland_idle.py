"""Idle time by a Wayland compositor's ext-idle-notify: says when nobody did anything for a minute.

Source: the Wayland protocol, chapter "Wire Format"; ext-idle-notify-v1.xml. Nothing else is asked
for: this client has no surface, so it gets no key and no pointer.
"""

import os
import socket
import struct
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

HEADER = struct.Struct("=IHH")  # object, opcode, length with this header
WORD = struct.Struct("=I")
# Numbers of objects: the first is given, the others are ours to give.
DISPLAY, REGISTRY, CALLBACK, SEAT, NOTIFIER, NOTIFICATION = range(1, 7)
SYNC, GET_REGISTRY, BIND = 0, 1, 0  # requests
ERROR, GLOBAL, DONE, IDLED, RESUMED = 0, 0, 0, 0, 1  # events
GET_NOTIFICATION, GET_INPUT_NOTIFICATION = 1, 2  # the second also while a film plays
TIMEOUT_MS = 60_000
ANSWER_SECONDS = 2.0
SEAT_INTERFACE, NOTIFIER_INTERFACE = "wl_seat", "ext_idle_notifier_v1"

Event = tuple[int, int, bytes]


class WaylandIdle:
    """A connection to the compositor; `read_idle_ms` takes what it said meanwhile."""

    def __init__(self, link: socket.socket) -> None:
        """Ask for the notifications.

        Raises:
            OSError: the compositor does not answer, or has no such thing.
        """
        self._link, self._buffer = link, b""
        self._is_idle = False
        self._link.settimeout(ANSWER_SECONDS)
        self._send(DISPLAY, GET_REGISTRY, WORD.pack(REGISTRY))
        self._send(DISPLAY, SYNC, WORD.pack(CALLBACK))
        offered = dict(self._offers())
        seat, notifier = offered.get(SEAT_INTERFACE), offered.get(NOTIFIER_INTERFACE)
        if seat is None or notifier is None:
            raise OSError("the compositor does not tell of idle time")
        version = min(notifier[1], 2)
        self._bind(seat[0], SEAT_INTERFACE, 1, SEAT)
        self._bind(notifier[0], NOTIFIER_INTERFACE, version, NOTIFIER)
        request = GET_INPUT_NOTIFICATION if version >= 2 else GET_NOTIFICATION
        self._send(NOTIFIER, request, struct.pack("=III", NOTIFICATION, TIMEOUT_MS, SEAT))
        self._link.setblocking(False)

    @classmethod
    def open(cls, folder: str, display: str) -> "WaylandIdle | None":
        """Connect to the compositor of this session; None without one that tells."""
        if not folder or not display:
            return None
        link = socket.socket(socket.AF_UNIX)
        try:
            link.settimeout(ANSWER_SECONDS)
            link.connect(os.fspath(Path(folder) / display))
            return cls(link)
        except (OSError, struct.error, UnicodeDecodeError):
            link.close()
            return None

    def close(self) -> None:
        """Leave; the compositor forgets what was asked for."""
        self._link.close()

    def read_idle_ms(self) -> int | None:
        """Return 0, or the minute after which a session is idle; None where the link broke."""
        try:
            with suppress(BlockingIOError):
                while True:
                    self._receive()
        except OSError:
            return None
        for object_, opcode, _ in self._events():
            if object_ == DISPLAY and opcode == ERROR:
                return None
            if object_ == NOTIFICATION and opcode in {IDLED, RESUMED}:
                self._is_idle = opcode == IDLED
        return TIMEOUT_MS + 1 if self._is_idle else 0

    def _offers(self) -> Iterator[tuple[str, tuple[int, int]]]:
        """Yield interface, name and version of what the compositor has, up to the callback."""
        while True:
            for object_, opcode, body in self._events():
                if (object_, opcode) == (CALLBACK, DONE):
                    return
                if (object_, opcode) == (DISPLAY, ERROR):
                    raise OSError("the compositor refuses")
                if (object_, opcode) == (REGISTRY, GLOBAL):
                    name, length = struct.unpack_from("=II", body)
                    interface = body[8 : 8 + length - 1].decode()
                    (version,) = WORD.unpack_from(body, 8 + padded(length))
                    yield interface, (name, version)
            self._receive()

    def _bind(self, name: int, interface: str, version: int, number: int) -> None:
        text = interface.encode() + b"\0"
        body = struct.pack("=II", name, len(text)) + text.ljust(padded(len(text)), b"\0")
        self._send(REGISTRY, BIND, body + struct.pack("=II", version, number))

    def _send(self, object_: int, opcode: int, body: bytes) -> None:
        self._link.sendall(HEADER.pack(object_, opcode, HEADER.size + len(body)) + body)

    def _receive(self) -> None:
        data = self._link.recv(4096)
        if not data:
            raise ConnectionError("the compositor left")
        self._buffer += data

    def _events(self) -> Iterator[Event]:
        """Yield the whole events that were received."""
        while len(self._buffer) >= HEADER.size:
            object_, opcode, length = HEADER.unpack_from(self._buffer)
            if length < HEADER.size:
                raise ConnectionError("no Wayland")
            if len(self._buffer) < length:
                return
            body, self._buffer = self._buffer[HEADER.size : length], self._buffer[length:]
            yield object_, opcode, body


def padded(length: int) -> int:
    """Return a length as it is padded to 32 bits."""
    return length + -length % 4
