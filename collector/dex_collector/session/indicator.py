"""The status item: shows in the panel of the desktop whether its person is measured now.

Source: StatusNotifierItem, freedesktop.org; a desktop that has no host for such items shows none.
"""

import os
from typing import Any

from jeepney import DBusAddress, HeaderFields, Message, new_error, new_method_return, new_signal

from dex_collector.bus import Bus, BusError

MEASURING, NOT_MEASURING = "dex measures this session", "dex is not measuring you now"
ICONS = {True: "media-record-symbolic", False: "media-playback-pause-symbolic"}
PATH, INTERFACE = "/StatusNotifierItem", "org.kde.StatusNotifierItem"
WATCHER = DBusAddress(
    "/StatusNotifierWatcher", "org.kde.StatusNotifierWatcher", "org.kde.StatusNotifierWatcher"
)
PROPERTIES = "org.freedesktop.DBus.Properties"
CHANGES = ("NewTitle", "NewIcon", "NewToolTip")


def sentence(is_measuring: bool) -> str:
    """Return in words whether a person is measured now."""
    return MEASURING if is_measuring else NOT_MEASURING


class Indicator:
    """A status item; where it cannot be shown it does nothing."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._bus = Bus(answer=self._answer)
        self._name = f"{INTERFACE}-{os.getpid()}-1"
        self._is_measuring: bool | None = None
        self._watcher = ""  # the connection of the one that knows of this item

    def show(self, is_measuring: bool) -> None:
        """Show a state; call it again at times, for the panel may come later."""
        is_new, self._is_measuring = is_measuring != self._is_measuring, is_measuring
        try:
            self._register()
            for change in CHANGES if is_new else ():
                self._bus.say(new_signal(DBusAddress(PATH, None, INTERFACE), change))
        except BusError:
            return

    def close(self) -> None:
        """Take the item away."""
        self._bus.close()

    def _register(self) -> None:
        """Tell the panel's watcher of this item, once each time that it is a new one."""
        if not self._bus.is_open:
            self._watcher = ""
            self._bus.open(self._address)
            self._bus.request_name(self._name)
        watcher = self._bus.owner_of(str(WATCHER.bus_name))
        if watcher != self._watcher:
            self._bus.call(WATCHER, "RegisterStatusNotifierItem", "s", self._name)
            self._watcher = watcher

    def _properties(self) -> dict[str, tuple[str, Any]]:
        text, icon = sentence(bool(self._is_measuring)), ICONS[bool(self._is_measuring)]
        return {
            "Category": ("s", "SystemServices"),
            "Id": ("s", "dex-session"),
            "Title": ("s", text),
            "Status": ("s", "Active"),
            "IconName": ("s", icon),
            "ToolTip": ("(sa(iiay)ss)", (icon, [], text, "")),
            "ItemIsMenu": ("b", False),
        }

    def _answer(self, message: Message) -> Message:
        """Answer a panel that reads the item; there is nothing to click yet."""
        fields = message.header.fields
        if fields.get(HeaderFields.path) != PATH:
            return new_error(message, "org.freedesktop.DBus.Error.UnknownObject")
        if fields.get(HeaderFields.interface) != PROPERTIES:
            return new_method_return(message)
        properties = self._properties()
        if fields.get(HeaderFields.member) == "GetAll":
            return new_method_return(message, "a{sv}", (properties,))
        name = message.body[1] if len(message.body) > 1 else ""
        if name not in properties:
            return new_error(message, "org.freedesktop.DBus.Error.UnknownProperty")
        return new_method_return(message, "v", (properties[name],))
