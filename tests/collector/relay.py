"""A relay on the way to a server that counts what passes, as it passes: TLS included."""

import contextlib
import socket
import threading

CHUNK_BYTES = 65_536


class Relay:
    """Passes each connection on to `port` of this machine, until `close`."""

    def __init__(self, port: int) -> None:
        self.passed_bytes = 0  # both ways
        self._lock = threading.Lock()
        self._target = ("127.0.0.1", port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """Take no more connections."""
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)  # wakes the thread that accepts
        self._listener.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):  # closed
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection(self._target)
                for way in ((client, server), (server, client)):
                    threading.Thread(target=self._pass_on, args=way, daemon=True).start()

    def _pass_on(self, source: socket.socket, target: socket.socket) -> None:
        with source, contextlib.suppress(OSError):  # either side has gone
            while chunk := source.recv(CHUNK_BYTES):
                with self._lock:
                    self.passed_bytes += len(chunk)
                target.sendall(chunk)
        with contextlib.suppress(OSError):
            target.shutdown(socket.SHUT_RDWR)  # wakes the other direction
