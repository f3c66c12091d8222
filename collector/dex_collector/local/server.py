"""The local socket: who speaks is what the kernel says, and counts for that account alone.

One JSON object a line, in both directions; each message is answered with the state of the moment.
"""

import json
import logging
import os
import selectors
import socket
import struct
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dex_collector.journal import facts

logger = logging.getLogger(__name__)

MESSAGE_BYTES_MAXIMUM = 1_000_000
BUFFERED_BYTES_MAXIMUM = 4_000_000  # of all peers together
PEERS_MAXIMUM, PEERS_OF_ACCOUNT_MAXIMUM = 64, 8
MINUTE_SECONDS = 60
# Of one account in a minute; a companion sends two short messages.
MESSAGES_MAXIMUM, BYTES_MAXIMUM, CONNECTIONS_MAXIMUM = 600, 4_000_000, 60
REFUSALS_MAXIMUM = 300  # in a minute, of all accounts; then nobody is let in until the next
READ_BYTES = 65_536
MODE = 0o666  # everybody may connect: what they say is theirs
CREDENTIALS = struct.Struct("=iII")  # unix(7), SO_PEERCRED: pid, uid, gid

Handler = Callable[[int, Mapping[str, Any]], None]
"""Takes the account of a peer and its message. Raises `Unreadable`."""


class Unreadable(Exception):
    """A message is not what its type promises."""


class _Refused(Exception):
    """The peer is to be closed; the text names the counter."""


@dataclass(slots=True)
class Peer:
    """One connection."""

    link: socket.socket
    uid: int
    buffer: bytearray = field(default_factory=bytearray)


@dataclass(slots=True)
class Usage:
    """What one account did in this minute: who asks for much would cost more than measuring."""

    connections: int = 0
    messages: int = 0
    bytes: int = 0

    def is_too_much(self) -> bool:
        """Return whether one of the limits is passed."""
        return (
            self.connections > CONNECTIONS_MAXIMUM
            or self.messages > MESSAGES_MAXIMUM
            or self.bytes > BYTES_MAXIMUM
        )


class LocalServer:
    """Accepts peers and passes their messages on, in a thread of its own."""

    def __init__(
        self, path: Path, handlers: Mapping[str, Handler], on_left: Callable[[int], None]
    ) -> None:
        """Listen at `path`. on_left: told of an account whose last peer is gone.

        Raises:
            OSError: the place cannot be listened at.
        """
        self._handlers, self._on_left = handlers, on_left
        self.state: Mapping[str, Any] = {"type": "state", "measuring": False, "reads": []}
        self._path = path
        self._counts: Counter[str] = Counter()
        self._guard = threading.Lock()  # of the counts
        self._peers: dict[int, Peer] = {}  # by descriptor
        self._minute, self._usages, self._refusals = 0, dict[int, Usage](), 0
        self._is_shut = False  # nobody is let in
        self._listener = _listen(path)
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._listener, selectors.EVENT_READ)
        self._stop, self._stopped = socket.socketpair()
        self._selector.register(self._stopped, selectors.EVENT_READ)
        self._thread = threading.Thread(target=self._serve, name="local-socket", daemon=True)
        self._thread.start()

    def take_counts(self) -> dict[str, int]:
        """Return how many peers were closed since the last call, by counter."""
        with self._guard:
            counts, self._counts = self._counts, Counter()
        return {f"local_{reason}": number for reason, number in counts.items()}

    def close(self) -> None:
        """Close every connection and the socket."""
        self._stop.close()
        self._thread.join(timeout=5)
        self._path.unlink(missing_ok=True)

    def _serve(self) -> None:
        while True:
            for key, _ in self._selector.select(self._seconds_to_open()):
                if key.fileobj is self._stopped:
                    self._end()
                    return
                if key.fileobj is self._listener:
                    self._accept()
                elif key.fd in self._peers:
                    self._hear(self._peers[key.fd])

    def _end(self) -> None:
        for peer in list(self._peers.values()):
            self._close(peer)
        self._selector.close()
        for link in (self._listener, self._stopped):
            link.close()

    def _usage(self, uid: int) -> Usage:
        """Return what an account did in this minute."""
        minute = int(time.monotonic() // MINUTE_SECONDS)
        if minute != self._minute:
            self._minute, self._refusals = minute, 0
            self._usages.clear()
        return self._usages.setdefault(uid, Usage())

    def _seconds_to_open(self) -> float | None:
        """Let peers in again where their time is over; return what is left of it."""
        if not self._is_shut:
            return None
        left = (self._minute + 1) * MINUTE_SECONDS - time.monotonic()
        if left > 0:
            return left
        self._is_shut = False
        self._selector.register(self._listener, selectors.EVENT_READ)
        return None

    def _refuse(self, link: socket.socket) -> None:
        self._count("too_many")
        link.close()
        self._refusals += 1
        if self._refusals >= REFUSALS_MAXIMUM:
            self._is_shut = True
            self._selector.unregister(self._listener)

    def _accept(self) -> None:
        try:
            link, _ = self._listener.accept()
        except OSError:
            return
        link.setblocking(False)
        uid = read_peer_uid(link)
        of_account = sum(peer.uid == uid for peer in self._peers.values())
        usage = self._usage(uid)
        usage.connections += 1
        is_full = len(self._peers) >= PEERS_MAXIMUM or of_account >= PEERS_OF_ACCOUNT_MAXIMUM
        if is_full or usage.is_too_much():
            self._refuse(link)
            return
        self._peers[link.fileno()] = Peer(link, uid)
        self._selector.register(link, selectors.EVENT_READ)

    def _hear(self, peer: Peer) -> None:
        try:
            data = peer.link.recv(READ_BYTES)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._close(peer)
            return
        peer.buffer += data
        try:
            self._take_messages(peer)
        except _Refused as reason:
            self._count(str(reason))
            self._close(peer)
        except OSError:  # it does not read its answers
            self._close(peer)
        except Exception:  # one peer ends the conversation with no other
            self._count("failed")
            logger.exception("A local peer failed")
            self._close(peer)

    def _take_messages(self, peer: Peer) -> None:
        while (end := peer.buffer.find(b"\n")) >= 0:
            if end > MESSAGE_BYTES_MAXIMUM:
                raise _Refused("too_large")
            line = bytes(peer.buffer[:end])
            del peer.buffer[: end + 1]
            self._note_message(peer.uid, len(line))
            self._handle(peer, line)
            peer.link.sendall(json.dumps(self.state).encode() + b"\n")
        buffered = sum(len(one.buffer) for one in self._peers.values())
        if len(peer.buffer) > MESSAGE_BYTES_MAXIMUM or buffered > BUFFERED_BYTES_MAXIMUM:
            raise _Refused("too_large")

    def _note_message(self, uid: int, size: int) -> None:
        usage = self._usage(uid)
        usage.messages, usage.bytes = usage.messages + 1, usage.bytes + size
        if usage.is_too_much():
            raise _Refused("too_many")

    def _handle(self, peer: Peer, line: bytes) -> None:
        try:
            message = json.loads(line)
            handler = self._handlers[message["type"]]
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise _Refused("unreadable") from error
        if message.get("uid", peer.uid) != peer.uid:
            raise _Refused("wrong_uid")
        try:
            handler(peer.uid, message)
        except Unreadable as error:
            raise _Refused("unreadable") from error

    def _close(self, peer: Peer) -> None:
        del self._peers[peer.link.fileno()]
        self._selector.unregister(peer.link)
        peer.link.close()
        if all(other.uid != peer.uid for other in self._peers.values()):
            self._on_left(peer.uid)

    def _count(self, reason: str) -> None:
        with self._guard:
            self._counts[reason] += 1
            is_first = self._counts[reason] == 1
        if is_first:  # since the last call of `take_counts`: nobody fills the log
            logger.warning("A local peer was closed", extra=facts(reason=reason))


def read_peer_uid(link: socket.socket) -> int:
    """Return the account of the process on the other side, as it was when it connected."""
    packed = link.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, CREDENTIALS.size)
    return int(CREDENTIALS.unpack(packed)[1])


def _listen(path: Path) -> socket.socket:
    path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    with suppress(FileNotFoundError):
        path.unlink()  # of a daemon that was killed: there is only one
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
    try:
        listener.bind(str(path))
        os.chmod(path, MODE)
        listener.listen(PEERS_MAXIMUM)
    except OSError:
        listener.close()
        raise
    return listener
