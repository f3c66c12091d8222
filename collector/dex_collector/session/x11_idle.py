"""The idle time of an X server, by the libraries that an X desktop has anyway."""

import ctypes
from ctypes.util import find_library
from typing import Any


class _Information(ctypes.Structure):
    """Source: XScreenSaverInfo, X11/extensions/scrnsaver.h."""

    _fields_ = [
        ("window", ctypes.c_ulong),
        ("state", ctypes.c_int),
        ("kind", ctypes.c_int),
        ("til_or_since", ctypes.c_ulong),
        ("idle", ctypes.c_ulong),  # milliseconds
        ("event_mask", ctypes.c_ulong),
    ]


class X11Idle:
    """A connection to the X server of this session; asks nothing but the idle time."""

    def __init__(self, x11: Any, screen_saver: Any, display: int) -> None:
        self._x11, self._screen_saver, self._display = x11, screen_saver, display

    @classmethod
    def open(cls, display_name: str) -> "X11Idle | None":
        """Connect; None without X server, libraries or extension."""
        names = find_library("X11"), find_library("Xss")
        if not display_name or None in names:
            return None
        x11, screen_saver = (ctypes.CDLL(name) for name in names)
        x11.XOpenDisplay.restype = ctypes.c_void_p
        x11.XOpenDisplay.argtypes = [ctypes.c_char_p]
        x11.XDefaultRootWindow.restype = ctypes.c_ulong
        x11.XDefaultRootWindow.argtypes = [ctypes.c_void_p]
        pointer = ctypes.POINTER(ctypes.c_int)
        screen_saver.XScreenSaverQueryExtension.argtypes = [ctypes.c_void_p, pointer, pointer]
        screen_saver.XScreenSaverQueryInfo.argtypes = [
            ctypes.c_void_p, ctypes.c_ulong, ctypes.POINTER(_Information),
        ]  # fmt: skip
        display = x11.XOpenDisplay(display_name.encode())
        if not display:
            return None
        first, second = ctypes.c_int(), ctypes.c_int()
        if not screen_saver.XScreenSaverQueryExtension(
            display, ctypes.byref(first), ctypes.byref(second)
        ):
            return None
        return cls(x11, screen_saver, display)

    def read_idle_ms(self) -> int | None:
        """Return how long ago the last input was."""
        information = _Information()
        root = self._x11.XDefaultRootWindow(self._display)
        found = self._screen_saver.XScreenSaverQueryInfo(
            self._display, root, ctypes.byref(information)
        )
        return int(information.idle) if found else None
