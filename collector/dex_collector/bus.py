"""D-Bus: one client connection, which is opened at need and says when it was lost."""

import socket
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import CancelledError, Future
from concurrent.futures import TimeoutError as NoReply
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jeepney import (
    DBusAddress,
    HeaderFields,
    MatchRule,
    Message,
    MessageType,
    Properties,
    message_bus,
    new_method_call,
)
from jeepney.bus import get_bus
from jeepney.io.blocking import DBusConnection, DBusConnectionBase, prep_socket

from dex_collector.clock import SystemClock
from dex_collector.threads import Helper

REPLY_SECONDS = 1.0  # a service of this machine answers in milliseconds
SIGNALS_MAXIMUM = 10_000  # kept until somebody asks for them; the oldest go first
SYSTEM_SOCKETS = ("run/dbus/system_bus_socket", "var/run/dbus/system_bus_socket")


class BusError(Exception):
    """What was asked for cannot be had."""


class BusLost(BusError):
    """There is no bus, or the connection broke: what was listened to was missed since."""


class BusRefused(BusError):
    """The bus or a service answered with an error, such as: no such object."""


@dataclass(frozen=True, slots=True)
class Signal:
    """What a service said on its own. at: seconds of the client's monotonic clock."""

    at: float
    sender: str
    path: str
    member: str
    body: tuple[Any, ...]


def system_bus(root: Path) -> str:
    """Return the address of the system bus of the machine below `root`.

    Raises:
        BusLost: it has none.
    """
    for place in SYSTEM_SOCKETS:
        if (root / place).is_socket():
            return f"unix:path={root / place}"
    raise BusLost("no system bus")


class Connection(DBusConnection):
    """A connection that does not wait for ever for the bus to greet back."""

    def __init__(self, sock: socket.socket) -> None:
        DBusConnectionBase.__init__(self, sock)  # not its child's: that one has no time-out
        self.send(message_bus.Hello())
        self.unique_name = self.receive(timeout=REPLY_SECONDS).body[0]


class Bus:
    """A connection to a bus. Every call may raise `BusLost`; `open` then begins anew."""

    def __init__(
        self,
        monotonic: Callable[[], float] | None = None,
        answer: Callable[[Message], Message] | None = None,
    ) -> None:
        """Take what answers the calls of others, where this is a service too."""
        self.monotonic = monotonic or SystemClock().monotonic
        self._answer = answer
        self._heard = threading.Event()
        self._connection: Connection | None = None
        self._replies: dict[int, Future[Message]] = {}
        self._signals: deque[Signal] = deque(maxlen=SIGNALS_MAXIMUM)
        self._is_listening, self._only_from = False, ""
        self._lock = threading.Lock()  # of sending: calls may come from several threads

    @property
    def is_open(self) -> bool:
        """Return whether the connection stands, as far as anybody noticed."""
        return self._connection is not None

    def open(self, address: str) -> None:
        """Connect, and begin to receive in a thread of its own; what was received before goes.

        Raises:
            BusLost: nobody listens at `address`, or it is no bus.
        """
        self.close()
        try:
            connection = Connection(prep_socket(get_bus(address), timeout=REPLY_SECONDS))
        except (OSError, ValueError, RuntimeError) as error:
            raise BusLost("the bus does not answer") from error
        self._is_listening, self._only_from = False, ""
        self._signals.clear()
        self._connection = connection
        Helper("bus", self._receive, connection).start()

    def close(self) -> None:
        """End the connection; calls that wait for an answer fail."""
        connection, self._connection = self._connection, None
        if connection is not None:
            _shut_down(connection)

    def _receive(self, connection: Connection) -> None:
        try:
            while True:
                self._take(connection, connection.receive())
        except (OSError, ValueError):  # lost, or closed by us
            pass
        finally:
            connection.close()
            if self._connection is connection:
                self._connection = None
                for future in list(self._replies.values()):
                    future.cancel()

    def _take(self, connection: Connection, message: Message) -> None:
        fields = message.header.fields
        future = self._replies.pop(fields.get(HeaderFields.reply_serial, -1), None)
        if future is not None:
            future.set_result(message)
        elif message.header.message_type is MessageType.signal:
            sender = fields.get(HeaderFields.sender, "")
            if not self._is_listening or self._only_from not in {"", sender}:
                return  # anybody may send us something: it must not fill our memory
            self._signals.append(
                Signal(
                    at=self.monotonic(),
                    sender=sender,
                    path=fields.get(HeaderFields.path, ""),
                    member=fields.get(HeaderFields.member, ""),
                    body=message.body,
                )
            )
            self._heard.set()
        elif message.header.message_type is MessageType.method_call and self._answer is not None:
            with self._lock:
                connection.send(self._answer(message))

    def signals(self) -> list[Signal]:
        """Take what was said since the last call, in order."""
        taken = []
        while self._signals:
            taken.append(self._signals.popleft())
        return taken

    def wait(self, seconds: float) -> None:
        """Wait until a signal comes, at most so long."""
        self._heard.wait(seconds)
        self._heard.clear()

    def request_name(self, name: str) -> None:
        """Become a service under this name. Raises `BusError`."""
        self._ask(message_bus.RequestName(name))

    def say(self, signal: Message) -> None:
        """Send a signal. Raises `BusLost`."""
        connection = self._connection
        if connection is None:
            raise BusLost("not connected")
        try:
            with self._lock:
                connection.send(signal)
        except OSError as error:
            raise BusLost("the connection broke") from error

    def listen(self, rule: MatchRule) -> None:
        """Receive the signals that `rule` names. The bus also passes what was sent to us alone."""
        self._is_listening = True
        self._ask(message_bus.AddMatch(rule))

    def keep_only_from(self, sender: str) -> None:
        """Drop the signals of all other connections from now on, until this one is lost."""
        self._only_from = sender

    def owner_of(self, name: str) -> str:
        """Return the connection that has a well-known name: the true sender of its signals."""
        return str(self._ask(message_bus.GetNameOwner(name))[0])

    def call(
        self, where: DBusAddress, method: str, signature: str | None = None, *body: Any
    ) -> tuple[Any, ...]:
        """Call a method and return its answer. Raises `BusError`."""
        return self._ask(new_method_call(where, method, signature, body))

    def get(self, where: DBusAddress, name: str) -> Any:
        """Return one property, and read no other. Raises `BusError`."""
        return self._ask(Properties(where).get(name))[0][1]

    def _ask(self, message: Message) -> tuple[Any, ...]:
        connection = self._connection
        if connection is None:
            raise BusLost("not connected")
        future: Future[Message] = Future()
        with self._lock:
            serial = next(connection.outgoing_serial)
            self._replies[serial] = future
            try:
                connection.send(message, serial=serial)
            except (OSError, ValueError) as error:
                self._replies.pop(serial, None)
                raise BusLost("the connection broke") from error
        try:
            answer = future.result(timeout=REPLY_SECONDS)
        except (NoReply, CancelledError) as error:
            self._replies.pop(serial, None)
            self.close()  # silence is no refusal: whoever takes it for one believes things gone
            raise BusLost("no answer") from error
        if answer.header.message_type is MessageType.error:
            raise BusRefused(str(answer.header.fields.get(HeaderFields.error_name, "")))
        return tuple(answer.body)


def _shut_down(connection: Connection) -> None:
    """Wake the thread that receives: it closes what it uses."""
    with suppress(OSError):
        connection.sock.shutdown(socket.SHUT_RDWR)
