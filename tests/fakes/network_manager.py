"""NetworkManager and systemd-resolved as far as the collector uses them."""

from ipaddress import ip_address
from typing import Any

from jeepney import Message

from tests.fakes.bus import Service

PATH = "/org/freedesktop/NetworkManager"
DEVICE, ACCESS_POINT, ACTIVE = f"{PATH}/Devices/3", f"{PATH}/AccessPoint/7", f"{PATH}/Active/1"


class FakeNetworkManager(Service):
    """A Wi-Fi with one access point, and connections that a test brings up."""

    def __init__(self, address: str) -> None:
        super().__init__(address, "org.freedesktop.NetworkManager")
        self.methods["GetDeviceByIpIface"] = self._device
        self.objects[PATH] = {"ActiveConnections": ("ao", [])}
        self.objects[DEVICE] = {"ActiveAccessPoint": ("o", ACCESS_POINT)}
        self.objects[ACCESS_POINT] = {
            "Ssid": ("ay", "Büro".encode()),
            "HwAddress": ("s", "3C:84:C6:01:02:03"),
            "Strength": ("y", 75),
        }

    def _device(self, message: Message) -> tuple[str, tuple[Any, ...]]:
        return "o", (DEVICE,)

    def activate(self, type_: str, state: int = 2) -> None:
        """Have one active connection."""
        self.objects[ACTIVE] = {
            "Type": ("s", type_), "State": ("u", state), "Id": ("s", "Ada's own VPN")
        }  # fmt: skip
        self.objects[PATH] = {"ActiveConnections": ("ao", [ACTIVE])}

    def leave_access_point(self) -> None:
        """Have no link."""
        self.objects[DEVICE] = {"ActiveAccessPoint": ("o", "/")}


class FakeResolved(Service):
    """A resolver with its servers."""

    def __init__(self, address: str, *servers: str) -> None:
        super().__init__(address, "org.freedesktop.resolve1")
        rows = []
        for text in servers:
            packed = ip_address(text).packed
            rows.append((2, 2 if len(packed) == 4 else 10, packed))
        self.objects["/org/freedesktop/resolve1"] = {"DNS": ("a(iiay)", rows)}
