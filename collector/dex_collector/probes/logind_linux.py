"""logind: which sessions there are, and what it says when one changes.

Source: org.freedesktop.login1(5). Properties are asked for one by one: what is not to be read
would come along with all of them.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from jeepney import DBusAddress, MatchRule

from dex_collector.bus import Bus, BusRefused, Signal, system_bus

FOLDER = "run/systemd/seats"  # sd-daemon(3) and libsystemd: it exists while logind runs
NAME = "org.freedesktop.login1"
MANAGER = f"{NAME}.Manager"
SESSION = f"{NAME}.Session"
PATH = "/org/freedesktop/login1"
PROPERTIES = "org.freedesktop.DBus.Properties"
MANAGED = ("SessionNew", "SessionRemoved", "PrepareForSleep")
GRAPHICAL = frozenset({"x11", "wayland", "mir"})
PROTOCOLS = {"sshd": "ssh", "xrdp-sesman": "rdp"}  # by PAM service
CLOSING = "closing"  # somebody logged out, some of their processes go on


@dataclass(frozen=True, slots=True)
class Session:
    """What does not change about the session of a person."""

    id: str
    path: str
    uid: int
    opened_at: datetime
    protocol: str
    is_remote: bool
    is_graphical: bool


class Logind:
    """A conversation with logind."""

    def __init__(self, monotonic: Callable[[], float] | None = None) -> None:
        self._bus = Bus(monotonic)
        self.monotonic = self._bus.monotonic
        self._owner = ""

    def connect(self, root: Path, *, sessions: bool = True) -> bool:
        """Make sure that logind is listened to; return whether something may have been missed.

        sessions: whether changes of single sessions matter, not only sleep.

        Raises:
            BusError: there is no bus, or no logind on it.
        """
        if self._bus.is_open and self._bus.owner_of(NAME) == self._owner:
            return False
        self._bus.open(system_bus(root))
        for member in MANAGED if sessions else MANAGED[-1:]:
            self._bus.listen(
                MatchRule(type="signal", sender=NAME, interface=MANAGER, member=member)
            )
        if sessions:
            self._bus.listen(
                MatchRule(
                    type="signal",
                    sender=NAME,
                    interface=PROPERTIES,
                    member="PropertiesChanged",
                    path_namespace=f"{PATH}/session",
                )
            )
        self._owner = self._bus.owner_of(NAME)
        self._bus.keep_only_from(self._owner)
        return True

    def close(self) -> None:
        """Stop listening."""
        self._bus.close()

    def signals(self) -> list[Signal]:
        """Take what logind said: anybody may send us something that only looks like it."""
        return [signal for signal in self._bus.signals() if signal.sender == self._owner]

    def paths(self) -> dict[str, str]:
        """Return the path of each session by its id."""
        where = DBusAddress(PATH, NAME, MANAGER)
        return {row[0]: row[4] for row in self._bus.call(where, "ListSessions")[0]}

    def read(self, id_: str, path: str) -> Session | None:
        """Read a session, or None where it is no person's.

        Raises:
            BusRefused: it is gone.
        """
        where = _at(path)
        if self._bus.get(where, "Class") != "user":
            return None
        service, is_remote = self._bus.get(where, "Service"), self._bus.get(where, "Remote")
        stamp = self._bus.get(where, "Timestamp")
        return Session(
            id=id_,
            path=path,
            uid=self._bus.get(where, "User")[0],
            opened_at=datetime.fromtimestamp(stamp / 1_000_000, tz=UTC),
            protocol=PROTOCOLS.get(service, "other" if is_remote else "console"),
            is_remote=is_remote or service in PROTOCOLS,
            is_graphical=self._bus.get(where, "Type") in GRAPHICAL,
        )

    def is_open(self, path: str) -> bool:
        """Return whether a session is still somebody's. No signal tells of this state."""
        try:
            return bool(self._bus.get(_at(path), "State") != CLOSING)
        except BusRefused:
            return False

    def is_locked(self, path: str) -> bool:
        """Return whether the desktop says that it is locked."""
        return bool(self._bus.get(_at(path), "LockedHint"))

    def is_idle(self, path: str) -> bool:
        """Return whether nobody uses the session; of a terminal logind looks at each question."""
        return bool(self._bus.get(_at(path), "IdleHint"))

    def remote_host(self, path: str) -> str:
        """Return from where a session comes; asked only where `session_network` is on."""
        return str(self._bus.get(_at(path), "RemoteHost"))


def _at(path: str) -> DBusAddress:
    return DBusAddress(path, NAME, SESSION)
