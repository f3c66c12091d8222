"""A session reader that is read by hand, and a local socket without a daemon."""

import socket
from pathlib import Path

from dex_collector.configuration import Configuration
from dex_collector.local.companions import Companions
from dex_collector.local.messages import Desk
from dex_collector.local.server import LocalServer
from dex_collector.probes.base import Context, Fact, Output
from dex_collector.probes.sessions_linux import SessionReader
from tests.collector.fakes import COLLECTOR_KEY, STANDARD, FakeClock
from tests.fakes.bus import wait_for


class Watch:
    """A session reader that is read by hand, with what it told."""

    def __init__(self, root: Path, clock: FakeClock) -> None:
        self.root, self.clock = root, clock
        self.companions = Companions(clock.monotonic)
        self.reader = SessionReader(clock.monotonic)
        self.allowed = Configuration(switches=STANDARD, collector_key=COLLECTOR_KEY)
        self.told: dict[str, Fact] = {}  # as the daemon keeps them: each key once

    def read(self, seconds: float = 30) -> list[Output]:
        """Let time pass, read, and keep the facts."""
        self.clock.advance(seconds)
        context = Context(
            self.root, self.clock.now(), self.clock.monotonic(), self.allowed,
            companions=self.companions,
        )  # fmt: skip
        outputs = self.reader(context)
        for fact in outputs:
            if isinstance(fact, Fact):
                self.told.setdefault(f"{fact.kind} {fact.key}", fact)
        return outputs

    @property
    def kinds(self) -> list[str]:
        return [fact.kind for fact in self.told.values()]

    def hear(self, number: int) -> None:
        """Wait until so many signals have arrived."""
        heard = self.reader._logind._bus._signals
        wait_for(lambda: sum(one.sender != "org.freedesktop.DBus" for one in heard) >= number)


class Door:
    """A socket with what companions told by it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.companions = Companions()
        self.desk = Desk(self.companions)
        self.server = LocalServer(path, self.desk.handlers(), self.desk.leave)
        self.allow()

    def allow(self, *, measures_people: bool = True, **switches: str) -> None:
        allowed = Configuration(switches=STANDARD | switches)
        self.server.state = self.desk.obey(allowed, measures_people=measures_people)

    def peer(self) -> socket.socket:
        link = socket.socket(socket.AF_UNIX)
        link.settimeout(5)
        link.connect(str(self.path))
        return link
