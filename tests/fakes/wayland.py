"""A Wayland compositor as far as the companion uses one. Source: the protocol's wire format."""

import socket
import struct
import threading
from contextlib import suppress
from pathlib import Path

GLOBALS = {"wl_compositor": 6, "wl_seat": 9, "ext_idle_notifier_v1": 1}


class FakeCompositor:
    """Offers globals, and tells a client of idle time when a test wants it."""

    def __init__(self, path: Path, globals_: dict[str, int]) -> None:
        self.globals = list(globals_.items())
        self.bound: dict[int, str] = {}  # object -> interface and version
        self.asked: list[tuple[int, int]] = []  # opcode and time-out of idle notifications
        self._notification = 0
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(path))
        self._listener.listen()
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        self._listener.close()
        with suppress(AttributeError, OSError):
            self._client.shutdown(2)

    def tell(self, *, is_idle: bool) -> None:
        """Say `idled` or `resumed`."""
        self._event(self._notification, 0 if is_idle else 1, b"")

    def _serve(self) -> None:
        with suppress(OSError):
            self._client, _ = self._listener.accept()
            with self._client:
                while header := self._client.recv(8, socket.MSG_WAITALL):
                    object_, opcode, length = struct.unpack("=IHH", header)
                    body = self._client.recv(length - 8, socket.MSG_WAITALL) if length > 8 else b""
                    self._handle(object_, opcode, body)

    def _handle(self, object_: int, opcode: int, body: bytes) -> None:
        if (object_, opcode) == (1, 1):
            self._offer(struct.unpack("=I", body)[0])
        elif (object_, opcode) == (1, 0):
            self._event(struct.unpack("=I", body)[0], 0, struct.pack("=I", 7))
        elif object_ not in self.bound:
            name, length = struct.unpack_from("=II", body)
            interface = body[8 : 8 + length - 1].decode()
            version, number = struct.unpack_from("=II", body, 8 + length + -length % 4)
            assert self.globals[name][0] == interface
            self.bound[number] = f"{interface} {version}"
        elif self.bound[object_].startswith("ext_idle_notifier_v1"):
            self._notification, timeout, seat = struct.unpack("=III", body)
            assert self.bound[seat].startswith("wl_seat")
            self.asked.append((opcode, timeout))

    def _offer(self, registry: int) -> None:
        for name, (interface, version) in enumerate(self.globals):
            text = interface.encode() + b"\0"
            padded = text.ljust(len(text) + -len(text) % 4, b"\0")
            body = struct.pack("=II", name, len(text)) + padded + struct.pack("=I", version)
            self._event(registry, 0, body)

    def _event(self, object_: int, opcode: int, body: bytes) -> None:
        self._client.sendall(struct.pack("=IHH", object_, opcode, 8 + len(body)) + body)
