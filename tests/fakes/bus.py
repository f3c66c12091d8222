"""A private message bus, and what a service on it needs."""

import subprocess
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from jeepney import (
    DBusAddress,
    HeaderFields,
    Message,
    MessageType,
    message_bus,
    new_error,
    new_method_return,
    new_signal,
)
from jeepney.io.blocking import open_dbus_connection

from tests.programs import require

CONFIGURATION = """<busconfig>
  <listen>unix:path={socket}</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/> <allow eavesdrop="true"/> <allow own="*"/>
  </policy>
</busconfig>
"""
PROPERTIES = "org.freedesktop.DBus.Properties"

Method = Callable[[Message], tuple[str, tuple[Any, ...]]]
Typed = tuple[str, Any]  # signature and value


def wait_for(is_so: Callable[[], bool], seconds: float = 30.0) -> None:
    """Wait until something has arrived; on a busy machine that takes a while."""
    ends = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < ends, "nothing came in time"
        time.sleep(0.005)


class PrivateBus:
    """A bus of its own, without anything of this machine."""

    def __init__(self, socket: Path) -> None:
        self.socket = socket
        self.address = f"unix:path={socket}"
        socket.parent.mkdir(parents=True, exist_ok=True)
        self._configuration = socket.parent / "private-bus.conf"
        self._configuration.write_text(CONFIGURATION.format(socket=socket))
        self.start()

    def start(self) -> None:
        """Start the bus; clients may connect as soon as this returns."""
        self._process = subprocess.Popen(
            [
                require("dbus-daemon"),
                f"--config-file={self._configuration}",
                "--nofork",
                "--print-address",
            ],
            stdout=subprocess.PIPE,
        )
        assert self._process.stdout is not None
        self._process.stdout.readline()

    def stop(self) -> None:
        """End the bus: every connection breaks."""
        self._process.terminate()
        self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()
        self.socket.unlink(missing_ok=True)


class Service:
    """A service: objects with properties and methods, which a test changes at will."""

    def __init__(self, address: str, name: str) -> None:
        self.address, self.name = address, name
        self.objects: dict[str, dict[str, Typed]] = {}  # path -> property -> value
        self.methods: dict[str, Method] = {}
        self.asked: list[tuple[str, str]] = []  # path and property or method
        self.start()

    def start(self) -> None:
        """Connect and take the name; once more after the bus was gone."""
        self._connection = open_dbus_connection(self.address)
        self._connection.send_and_get_reply(message_bus.RequestName(self.name))
        threading.Thread(target=self._serve, daemon=True).start()

    def stop(self) -> None:
        """Leave the bus."""
        with suppress(OSError):
            self._connection.sock.shutdown(2)

    def _serve(self) -> None:
        connection = self._connection
        with suppress(OSError, ValueError):
            while True:
                message = connection.receive()
                if message.header.message_type is MessageType.method_call:
                    connection.send(self._answer(message))
        connection.close()

    def _answer(self, message: Message) -> Message:
        fields = message.header.fields
        path, member = fields[HeaderFields.path], fields[HeaderFields.member]
        if fields.get(HeaderFields.interface) == PROPERTIES:
            return self._answer_property(message, path, member)
        self.asked.append((path, member))
        if member not in self.methods:
            return new_error(message, "org.freedesktop.DBus.Error.UnknownMethod")
        signature, body = self.methods[member](message)
        return new_method_return(message, signature or None, body)

    def _answer_property(self, message: Message, path: str, member: str) -> Message:
        properties = self.objects.get(path)
        if properties is None:
            return new_error(message, "org.freedesktop.DBus.Error.UnknownObject")
        if member == "GetAll":
            self.asked += [(path, name) for name in properties]
            return new_method_return(message, "a{sv}", (properties,))
        name = message.body[1]
        self.asked.append((path, name))
        if name not in properties:
            return new_error(message, "org.freedesktop.DBus.Error.UnknownProperty")
        return new_method_return(message, "v", (properties[name],))

    def say(self, path: str, interface: str, member: str, signature: str, *body: Any) -> None:
        """Send a signal to whoever listens."""
        self._connection.send(
            new_signal(DBusAddress(path, None, interface), member, signature, body)
        )

    def change(self, path: str, interface: str, **values: Typed) -> None:
        """Change properties and say so."""
        self.objects[path] |= values
        self.say(path, PROPERTIES, "PropertiesChanged", "sa{sv}as", interface, values, [])
