"""Idle time of this session, by whichever way its desktop has."""

from collections.abc import Callable

from dex_collector.session.desktop import Desktop
from dex_collector.session.wayland_idle import WaylandIdle
from dex_collector.session.x11_idle import X11Idle


class Idle:
    """GNOME's own clock, else a Wayland compositor, else an X server."""

    def __init__(
        self,
        desktop: Desktop,
        open_wayland: Callable[[], WaylandIdle | None],
        open_x11: Callable[[], X11Idle | None],
    ) -> None:
        """Take the ways; none is connected to before the first question."""
        self._desktop = desktop
        self._open_wayland, self._open_x11 = open_wayland, open_x11
        self._wayland: WaylandIdle | None = None
        self._x11: X11Idle | None = None
        self._is_open = False

    def read_ms(self) -> int | None:
        """Return how long ago the last input was; None where nothing tells."""
        told = self._desktop.read_idle_ms()
        if told is not None:
            return told
        if not self._is_open:
            self._is_open = True
            self._wayland = self._open_wayland()
            if self._wayland is None:  # there an X server sees only what is meant for its windows
                self._x11 = self._x11 or self._open_x11()
        if self._wayland is not None:
            return self._wayland.read_idle_ms()
        return None if self._x11 is None else self._x11.read_idle_ms()

    def rest(self) -> None:
        """Hear nothing more: the use may not be known now."""
        self._is_open = False
        if self._wayland is not None:
            self._wayland.close()
            self._wayland = None
