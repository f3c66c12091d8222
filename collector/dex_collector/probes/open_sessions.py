"""Open sessions: what became of each since it was read last. Pure; all moments are monotonic."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from dex_collector.probes.logind_linux import Session
from dex_collector.probes.session_network_linux import Connection


@dataclass(slots=True)
class OpenSession:
    """A session with its state and the time that it spent in it, in seconds.

    hint, relay: whether logind or the person's companion says that the screen is locked; a
    desktop may tell both, or one of them.
    is_idle: None where nobody may know.
    """

    session: Session
    since: float
    hint: bool = False
    relay: bool = False
    is_idle: bool | None = None
    is_asleep: bool = False
    remote_host: str | None = None  # asked for once, where `session_network` is on
    connections: Mapping[bytes, Connection] = field(default_factory=dict)  # of the reading before
    active: float = 0.0
    locked: float = 0.0
    used: float = 0.0
    counted_in: datetime | None = None  # the bucket in which this session was counted last

    @property
    def is_locked(self) -> bool:
        """Return whether the screen is locked, by whoever says so."""
        return self.hint or self.relay

    def advance(self, to: float) -> None:
        """Count the time up to `to` for the state that held; none while the machine slept."""
        passed, self.since = max(0.0, to - self.since), max(to, self.since)
        if self.is_asleep:
            return
        if self.is_locked:
            self.locked += passed
        else:
            self.active += passed
            if self.is_idle is False:
                self.used += passed

    def take_counters(self) -> dict[str, int]:
        """Return the durations since the last call, in milliseconds."""
        counters = {
            "session_duration_ms": round((self.active + self.locked) * 1000),
            "active_duration_ms": round(self.active * 1000),
            "locked_duration_ms": round(self.locked * 1000),
        }
        if self.is_idle is not None:
            counters["user_interaction_time_ms"] = round(self.used * 1000)
        self.drop()
        return counters

    def drop(self) -> None:
        """Forget the durations."""
        self.active = self.locked = self.used = 0.0


@dataclass(frozen=True, slots=True)
class Change:
    """What happened to a session: `what` is the end of the kind's name."""

    one: OpenSession
    what: str
    at: datetime
    fields: Mapping[str, Any]
