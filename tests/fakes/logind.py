"""logind as far as the collector uses it. Source: org.freedesktop.login1(5)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from jeepney import Message

from tests.fakes.bus import Service

NAME = "org.freedesktop.login1"
MANAGER = "org.freedesktop.login1.Manager"
SESSION = "org.freedesktop.login1.Session"
ROOT = "/org/freedesktop/login1"


@dataclass(frozen=True)
class Person:
    """Who logs in."""

    uid: int
    name: str


class FakeLogind(Service):
    """Sessions that a test opens, locks and ends."""

    def __init__(self, address: str) -> None:
        self._people: dict[str, Person] = {}
        super().__init__(address, NAME)
        self.methods["ListSessions"] = self._list

    def _list(self, message: Message) -> tuple[str, tuple[Any, ...]]:
        rows = [
            (id_, person.uid, person.name, "seat0", self.path(id_))
            for id_, person in self._people.items()
        ]
        return "a(susso)", (rows,)

    def path(self, id_: str) -> str:
        return f"{ROOT}/session/_3{id_}"

    def open(self, id_: str, person: Person, at: datetime, **properties: Any) -> None:
        """Open a session and say so."""
        self.add(id_, person, at, **properties)
        self.say(ROOT, MANAGER, "SessionNew", "so", id_, self.path(id_))

    def add(self, id_: str, person: Person, at: datetime, **properties: Any) -> None:
        """Have a session, as one that was opened before anybody listened."""
        self._people[id_] = person
        self.objects[self.path(id_)] = {
            "Class": ("s", properties.get("class_", "user")),
            "User": ("(uo)", (person.uid, f"{ROOT}/user/_{person.uid}")),
            "Name": ("s", person.name),
            "Timestamp": ("t", round(at.timestamp() * 1_000_000)),
            "Type": ("s", properties.get("type_", "wayland")),
            "Service": ("s", properties.get("service", "gdm-password")),
            "Remote": ("b", properties.get("remote", False)),
            "RemoteHost": ("s", properties.get("remote_host", "")),
            "LockedHint": ("b", False),
            "IdleHint": ("b", False),
            "State": ("s", "active"),
        }

    def end(self, id_: str) -> None:
        """End a session and say so."""
        self.drop(id_)
        self.say(ROOT, MANAGER, "SessionRemoved", "so", id_, self.path(id_))

    def drop(self, id_: str) -> None:
        """End a session when nobody can hear of it."""
        del self._people[id_], self.objects[self.path(id_)]

    def hint(self, id_: str, **hints: bool) -> None:
        """Set LockedHint or IdleHint, as a desktop does, and say so."""
        self.change(self.path(id_), SESSION, **{name: ("b", on) for name, on in hints.items()})

    def request(self, id_: str, what: str) -> None:
        """Ask the desktop to `Lock` or `Unlock`: whether it does is another matter."""
        self.say(self.path(id_), SESSION, what, "")

    def sleep(self, begins: bool) -> None:
        """Say that the machine goes to sleep, or is back."""
        self.say(ROOT, MANAGER, "PrepareForSleep", "b", begins)
