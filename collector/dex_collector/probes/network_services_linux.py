"""NetworkManager and systemd-resolved, where they run: what they know better than files do.

Source: NetworkManager's D-Bus reference, version 1; org.freedesktop.resolve1(5). Properties are
asked for one by one: the names of a Wi-Fi would come along with all of them.
"""

from ipaddress import ip_address
from pathlib import Path
from typing import Any

from jeepney import DBusAddress

from dex_collector.addresses import Address
from dex_collector.bus import Bus, BusError, BusLost, system_bus
from dex_collector.probes.routes_linux import SERVERS_MAXIMUM
from dex_collector.users import clean

MANAGER = "org.freedesktop.NetworkManager"
MANAGER_PATH = "/org/freedesktop/NetworkManager"
WIRELESS = f"{MANAGER}.Device.Wireless"
ACCESS_POINT = f"{MANAGER}.AccessPoint"
CONNECTION = f"{MANAGER}.Connection.Active"
ACTIVATED = 2  # NM_ACTIVE_CONNECTION_STATE_ACTIVATED
VPN_TYPES = frozenset({"vpn", "wireguard"})
NO_ACCESS_POINT = "/"
RESOLVER = "org.freedesktop.resolve1"
RESOLVER_PATH = "/org/freedesktop/resolve1"
# NetworkManager tells the strength in percent of this span: nm-wifi-utils, level_to_quality.
WEAKEST_DBM, STRONGEST_DBM = -100, -40


class NetworkServices:
    """Asks the services, starts none, and says None where there is no answer."""

    def __init__(self) -> None:
        self._bus = Bus()

    def identifiers(self, root: Path, name: str) -> dict[str, str] | None:
        """Return SSID and BSSID of an adapter; called only where `wifi_identifiers` is on."""
        try:
            where = self._access_point(root, name)
            if where is None:
                return None
            ssid = bytes(self._bus.get(where, "Ssid")).decode("utf-8", errors="replace")
            bssid = str(self._bus.get(where, "HwAddress")).lower()
        except BusError:
            return None
        found = {"wifi_ssid": clean(ssid)[:64], "wifi_bssid": bssid}
        return {key: text for key, text in found.items() if text}

    def signal_dbm(self, root: Path, name: str) -> float | None:
        """Return about how strong the link of an adapter is."""
        try:
            where = self._access_point(root, name)
            percent = self._bus.get(where, "Strength") if where is not None else 0
        except BusError:
            return None
        if not 0 < percent <= 100:
            return None
        return float(WEAKEST_DBM + (STRONGEST_DBM - WEAKEST_DBM) * percent / 100)

    def has_vpn(self, root: Path) -> bool | None:
        """Return whether a VPN is up, also one that has no adapter. Its name may be a person's."""
        try:
            if not self._runs(root, MANAGER):
                return None
            manager = DBusAddress(MANAGER_PATH, MANAGER, MANAGER)
            paths = self._bus.get(manager, "ActiveConnections")
            return any(self._is_vpn(DBusAddress(path, MANAGER, CONNECTION)) for path in paths)
        except BusError:
            return None

    def dns_servers(self, root: Path) -> list[Address] | None:
        """Return the DNS servers of all adapters, each once; called only where addresses are on."""
        try:
            if not self._runs(root, RESOLVER):
                return None
            where = DBusAddress(RESOLVER_PATH, RESOLVER, f"{RESOLVER}.Manager")
            found = [ip_address(bytes(row[2])) for row in self._bus.get(where, "DNS")]
        except (BusError, ValueError):
            return None
        return list(dict.fromkeys(found))[:SERVERS_MAXIMUM] or None

    def _is_vpn(self, where: DBusAddress) -> bool:
        if self._bus.get(where, "Type") not in VPN_TYPES:
            return False
        return bool(self._bus.get(where, "State") == ACTIVATED)

    def _access_point(self, root: Path, name: str) -> DBusAddress | None:
        if not self._runs(root, MANAGER):
            return None
        manager = DBusAddress(MANAGER_PATH, MANAGER, MANAGER)
        (device,) = self._bus.call(manager, "GetDeviceByIpIface", "s", name)
        path: Any = self._bus.get(DBusAddress(device, MANAGER, WIRELESS), "ActiveAccessPoint")
        return None if path == NO_ACCESS_POINT else DBusAddress(path, MANAGER, ACCESS_POINT)

    def _runs(self, root: Path, name: str) -> bool:
        """Return whether a service is on the bus: a question to one that is not would start it."""
        if not self._bus.is_open:
            self._bus.open(system_bus(root))
        try:
            return bool(self._bus.owner_of(name))
        except BusLost:
            raise
        except BusError:
            return False
