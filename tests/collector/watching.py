"""A session reader that is read by hand."""

from pathlib import Path

from dex_collector.configuration import Configuration
from dex_collector.local.companions import Companions
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
