"""Notices to the service manager: ready, alive, stopping."""

import contextlib
import os
import socket

READY, ALIVE, STOPPING = "READY=1", "WATCHDOG=1", "STOPPING=1"


def notify(word: str) -> None:
    """Tell systemd; without one nothing is told.

    Source: sd_notify(3): a datagram to the socket that NOTIFY_SOCKET names, `@` for abstract.
    """
    address = os.getenv("NOTIFY_SOCKET", "")
    if not address:
        return
    if address.startswith("@"):
        address = "\0" + address[1:]
    with (
        contextlib.suppress(OSError),
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as sender,
    ):
        sender.sendto(word.encode(), address)
