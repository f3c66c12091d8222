"""The network adapters of the machine. Their hardware addresses are not read."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from dex_collector.probes.base import NoData, read_number, read_text
from dex_collector.probes.routes_linux import Route

FOLDER = "sys/class/net"
# Ends of containers and guests come and go with names made up for each.
PASSING = re.compile(r"^(veth|vnet|tap|cali|lxc|vmtap|docker_gwbridge)[0-9a-f_]*|^lo$")
VPN_NAMES = re.compile(r"^(ipsec|xfrm|vti)\d*$")  # kinds that no file tells
# Source: Linux, include/uapi/linux/if_arp.h.
ETHERNET, PPP = 1, 512
IFF_UP = 0x1  # include/uapi/linux/if.h
IFF_TUN = 0x1  # include/uapi/linux/if_tun.h; IFF_TAP, mostly a guest's, is 0x2
TYPES = {"wlan": "wifi", "wwan": "cellular", "bluetooth": "bluetooth"}


@dataclass(frozen=True, slots=True)
class Adapter:
    """One adapter. type: a word of the protocol."""

    name: str
    type: str
    is_up: bool
    is_virtual: bool
    is_vpn: bool


def read_adapters(root: Path) -> list[Adapter]:
    """Read the adapters that stay, without loopback.

    Raises:
        NoData: the kernel has no network.
    """
    try:
        names = sorted(entry.name for entry in (root / FOLDER).iterdir() if entry.is_dir())
    except OSError as error:
        raise NoData("no /sys/class/net") from error
    return [read_adapter(root, name) for name in names if not PASSING.match(name)]


def read_adapter(root: Path, name: str) -> Adapter:
    """Read one adapter. Source: Linux, ABI/testing/sysfs-class-net; `device` is the hardware."""
    folder = root / FOLDER / name
    devtype = parse_devtype(read_text(folder / "uevent") or "")
    hardware = read_number(folder / "type")
    is_virtual = not (folder / "device").exists()
    if (folder / "phy80211").exists() or (folder / "wireless").exists():
        devtype = "wlan"
    return Adapter(
        name=name,
        type=parse_type(devtype, hardware, is_virtual=is_virtual),
        is_up=parse_state(read_text(folder / "operstate"), read_text(folder / "flags")),
        is_virtual=is_virtual,
        is_vpn=devtype in {"wireguard", "ppp"}
        or hardware == PPP
        or is_tunnel(read_text(folder / "tun_flags"))
        or VPN_NAMES.match(name) is not None,
    )


def parse_devtype(uevent: str) -> str:
    """Return the kind that a driver gives its adapter, "" where it gives none."""
    found = re.search(r"^DEVTYPE=(\S+)$", uevent, re.MULTILINE)
    return found[1] if found else ""


def parse_type(devtype: str, hardware: int | None, *, is_virtual: bool) -> str:
    """Return wifi, ethernet, cellular, bluetooth or other."""
    if devtype in TYPES:
        return TYPES[devtype]
    return "ethernet" if hardware == ETHERNET and not is_virtual else "other"


def parse_state(operstate: str | None, flags: str | None) -> bool:
    """Return whether an adapter works.

    Source: Linux, networking/operstates: drivers of tunnels tell nothing, `unknown`, and work.
    """
    is_on = flags is not None and bool(int(flags, 16) & IFF_UP)
    return operstate == "up" or (operstate == "unknown" and is_on)


def is_tunnel(tun_flags: str | None) -> bool:
    """Return whether a program holds the other end of packets, as VPN clients do."""
    return tun_flags is not None and bool(int(tun_flags, 16) & IFF_TUN)


def read_speed(root: Path, name: str) -> int | None:
    """Read the speed of a link in bit/s; the file holds Mbit/s, -1 without a link."""
    speed = read_number(root / FOLDER / name / "speed")
    return speed * 1_000_000 if speed is not None and speed > 0 else None


def read_driver_version(root: Path, name: str) -> str | None:
    """Read the version of a driver; those that come with the kernel have none of their own."""
    return read_text(root / FOLDER / name / "device/driver/module/version")


def read_below(root: Path, adapter: Adapter) -> Adapter:
    """Read which hardware a bridge, a bond or a VLAN stands on; itself where it is none.

    Source: ABI/testing/sysfs-class-net: lower_<name>; networking/bonding: active_slave.
    """
    folder = root / FOLDER / adapter.name
    if not adapter.is_virtual:
        return adapter
    active = read_text(folder / "bonding/active_slave")
    names = [active] if active else []
    names += sorted(entry.name.removeprefix("lower_") for entry in folder.glob("lower_*"))
    below = [read_below(root, read_adapter(root, name)) for name in names]
    physical = [one for one in below if not one.is_virtual]
    return next((one for one in physical if one.is_up), physical[0] if physical else adapter)


@dataclass(frozen=True, slots=True)
class Primary:
    """The adapter of the default route. interface: which has the address, a bridge for instance."""

    interface: str
    adapter: Adapter


def choose_primary(
    root: Path, routes: Iterable[Route], adapters: Iterable[Adapter]
) -> Primary | None:
    """Return the adapter of the default route below any VPN; None without a default route.

    Hardware goes before what has none, as in a container, and that before a VPN alone, as where
    PPP is the modem's. Among equals IPv4 and the lowest metric come first.
    """
    known = {adapter.name: adapter for adapter in adapters}
    defaults = sorted(
        (route for route in routes if route.is_default),
        key=lambda route: (route.network.version, route.metric),
    )
    found: list[tuple[int, int, Primary]] = []
    for interface in dict.fromkeys(route.interface for route in defaults):
        top = known.get(interface) or read_adapter(root, interface)
        below = top if top.is_vpn else read_below(root, top)
        rank = 2 if top.is_vpn else int(below.is_virtual)
        found.append((rank, len(found), Primary(interface, below)))
    return min(found)[2] if found else None


def choose_vpn(
    routes: Iterable[Route], adapters: Iterable[Adapter], primary: Primary | None
) -> Adapter | None:
    """Return the VPN adapter through which something goes now, or None."""
    used = {route.interface for route in routes}
    below = primary.interface if primary else None
    return next(
        (a for a in adapters if a.is_vpn and a.is_up and a.name in used and a.name != below), None
    )
