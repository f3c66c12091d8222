"""Leaving: the server is told, and nothing stays that could report again."""

import os
from contextlib import closing
from pathlib import Path

from dex_collector.clock import SystemClock
from dex_collector.configuration import ConfigurationStore
from dex_collector.enrolment import leave
from dex_collector.identity import IdentityStore
from dex_collector.spool import Spool
from dex_collector.state_lock import lock
from dex_collector.transport import NetworkError, Transport


def take_leave(state: Path, server: str, ca_file: Path | None) -> tuple[bool, str]:
    """End the enrolment as far as the server can be reached; return whether there was one.

    Spool and configuration go, as after an erasure; the identity is set aside.

    Raises:
        AlreadyRunning: a daemon uses the folder.
        ValueError: a bad URL or identity file.
    """
    store = IdentityStore(state / "identity.json")
    identity = store.load()
    if identity is None or not identity.is_enrolled:
        return False, "This machine is not enrolled."
    transport = Transport(server, ca_file)
    descriptor = lock(state)  # not under a running daemon
    try:
        status = leave(transport, identity).status
        said = "The server was told." if status == 204 else f"The server answered {status}."
    except NetworkError as error:
        said = f"The server was not told: {error}."
    path = state / "spool.db"
    if path.exists():
        with closing(Spool(path, SystemClock().now())) as spool:
            spool.empty()
    ConfigurationStore(state / "configuration.json").forget()
    store.set_aside(SystemClock().now())
    os.close(descriptor)
    return True, f"{said} This machine is not enrolled any more."
