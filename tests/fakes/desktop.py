"""Services of a desktop's session bus as far as the companion uses them."""

from datetime import datetime
from typing import Any

from jeepney import HeaderFields, Message

from tests.fakes.bus import Service

UNIT = "/org/freedesktop/systemd1/unit/graphical_2dsession_2etarget"


class FakeScreenSaver(Service):
    """What locks the screen."""

    def __init__(self, address: str, name: str, path: str) -> None:
        self.is_active, self.path = False, path
        super().__init__(address, name)
        self.methods["GetActive"] = lambda message: ("b", (self.is_active,))

    def set(self, is_active: bool) -> None:
        """Lock or unlock, and say so."""
        self.is_active = is_active
        self.say(self.path, self.name, "ActiveChanged", "b", is_active)


class FakeIdleMonitor(Service):
    """GNOME's clock of the last input."""

    def __init__(self, address: str, idle_ms: int) -> None:
        super().__init__(address, "org.gnome.Mutter.IdleMonitor")
        self.methods["GetIdletime"] = lambda message: ("t", (idle_ms,))


class FakeUserManager(Service):
    """systemd of one account."""

    def __init__(self, address: str, visible_at: datetime) -> None:
        super().__init__(address, "org.freedesktop.systemd1")
        self.methods["GetUnit"] = lambda message: ("o", (UNIT,))
        stamp = round(visible_at.timestamp() * 1_000_000)
        self.objects[UNIT] = {"ActiveEnterTimestamp": ("t", stamp)}


class FakePanel(Service):
    """A panel's list of status items."""

    def __init__(self, address: str) -> None:
        self.items: list[tuple[str, str]] = []  # the connection and the name of each
        super().__init__(address, "org.kde.StatusNotifierWatcher")
        self.methods["RegisterStatusNotifierItem"] = self._register

    def _register(self, message: Message) -> tuple[str, tuple[Any, ...]]:
        self.items.append((message.header.fields[HeaderFields.sender], message.body[0]))
        return "", ()
