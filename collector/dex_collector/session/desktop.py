"""The desktop of this session: whether its screen is locked, and when it was there."""

from datetime import UTC, datetime

from jeepney import DBusAddress, MatchRule

from dex_collector.bus import Bus, BusError, BusLost

ACTIVE_CHANGED = "ActiveChanged"
# Names and paths of what locks screens; each has GetActive and the signal ActiveChanged(b).
SCREEN_SAVERS = (
    ("org.gnome.ScreenSaver", "/org/gnome/ScreenSaver"),
    ("org.freedesktop.ScreenSaver", "/org/freedesktop/ScreenSaver"),
    ("org.freedesktop.ScreenSaver", "/ScreenSaver"),
    ("org.cinnamon.ScreenSaver", "/org/cinnamon/ScreenSaver"),
    ("org.mate.ScreenSaver", "/org/mate/ScreenSaver"),
    ("org.xfce.ScreenSaver", "/org/xfce/ScreenSaver"),
)
IDLE_MONITOR = DBusAddress(
    "/org/gnome/Mutter/IdleMonitor/Core",
    "org.gnome.Mutter.IdleMonitor",
    "org.gnome.Mutter.IdleMonitor",
)
SYSTEMD = DBusAddress(
    "/org/freedesktop/systemd1", "org.freedesktop.systemd1", "org.freedesktop.systemd1.Manager"
)
GRAPHICAL_SESSION = "graphical-session.target"


class Desktop:
    """Asks the services of a session bus."""

    def __init__(self, address: str, bus: Bus) -> None:
        self._address, self._bus = address, bus

    def open(self) -> bool:
        """Be connected; return whether that had to begin anew.

        Raises:
            BusLost: there is no session bus.
        """
        if self._bus.is_open:
            return False
        if not self._address:
            raise BusLost("no session bus")
        self._bus.open(self._address)
        for name in sorted({name for name, _ in SCREEN_SAVERS}):
            rule = MatchRule(type="signal", sender=name, interface=name, member=ACTIVE_CHANGED)
            self._bus.listen(rule)
        return True

    def close(self) -> None:
        """Hear nothing more."""
        self._bus.close()

    def read_lock(self) -> bool | None:
        """Return whether the screen is locked now; None where nothing tells."""
        for name, path in SCREEN_SAVERS:
            try:
                self._bus.owner_of(name)  # a call to one that does not run would start it
                return bool(self._bus.call(DBusAddress(path, name, name), "GetActive")[0])
            except BusLost:
                raise
            except BusError:
                continue
        return None

    def lock_changes(self) -> list[bool]:
        """Take the changes since the last call, in order."""
        return [
            signal.body[0]
            for signal in self._bus.signals()
            if signal.member == ACTIVE_CHANGED and isinstance(signal.body[0], bool)
        ]

    def read_idle_ms(self) -> int | None:
        """Return how long ago the last input was, as GNOME tells; None elsewhere."""
        try:
            self._bus.owner_of("org.gnome.Mutter.IdleMonitor")
            return int(self._bus.call(IDLE_MONITOR, "GetIdletime")[0])
        except BusError:
            return None

    def read_visible_at(self) -> datetime | None:
        """Return when the desktop was there: when systemd reached graphical-session.target."""
        try:
            (path,) = self._bus.call(SYSTEMD, "GetUnit", "s", GRAPHICAL_SESSION)
            unit = DBusAddress(path, SYSTEMD.bus_name, "org.freedesktop.systemd1.Unit")
            stamp = self._bus.get(unit, "ActiveEnterTimestamp")  # microseconds; 0: not yet
        except BusError:
            return None
        return datetime.fromtimestamp(stamp / 1_000_000, tz=UTC) if stamp else None
