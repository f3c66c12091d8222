"""Routes, addresses, gateway and DNS servers of the machine."""

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
)
from pathlib import Path

from dex_collector.addresses import Address, holds_hardware_address
from dex_collector.probes.base import read_text

# Source: Linux, include/uapi/linux/route.h and ipv6_route.h.
RTF_UP, RTF_GATEWAY, RTF_REJECT = 0x1, 0x2, 0x200
# Source: Linux, include/uapi/linux/if_addr.h; include/net/ipv6.h for the scope.
TEMPORARY, DEPRECATED, TENTATIVE = 0x01, 0x20, 0x40
GLOBAL_SCOPE = 0
# systemd-resolved writes its servers into the first; the other may name its stub.
DNS_FILES = ("run/systemd/resolve/resolv.conf", "etc/resolv.conf")
SERVERS_MAXIMUM = 16


@dataclass(frozen=True, slots=True)
class Route:
    """One route, without its gateway: that is an address, which may not be allowed."""

    interface: str
    network: IPv4Network | IPv6Network
    metric: int
    is_direct: bool

    @property
    def is_default(self) -> bool:
        """Return whether everything without a route of its own goes this way."""
        return self.network.prefixlen == 0


def read_routes(root: Path) -> list[Route]:
    """Read the routes of the main table."""
    four = parse_routes(read_text(root / "proc/net/route") or "")
    return four + parse_ipv6_routes(read_text(root / "proc/net/ipv6_route") or "")


def parse_routes(text: str) -> list[Route]:
    """Return the routes in /proc/net/route.

    Source: Linux, net/ipv4/fib_trie.c, fib_route_seq_show: interface, destination, gateway, flags,
    two counters, metric, mask; addresses in hexadecimal digits of the processor's byte order.
    """
    routes = []
    for line in text.splitlines()[1:]:
        words = line.split()
        if len(words) < 8 or not _is_used(int(words[3], 16)):
            continue
        routes.append(
            Route(
                interface=words[0],
                network=IPv4Network(f"{_four(words[1])}/{_four(words[7])}", strict=False),
                metric=int(words[6]),
                is_direct=not int(words[3], 16) & RTF_GATEWAY,
            )
        )
    return routes


def parse_ipv6_routes(text: str) -> list[Route]:
    """Return the routes in /proc/net/ipv6_route but those to the machine itself.

    Source: Linux, net/ipv6/route.c, rt6_info_route: destination and its length, source and its
    length, next hop, metric, two counters, flags, interface; all in hexadecimal digits.
    """
    routes = []
    for line in text.splitlines():
        words = line.split()
        if len(words) < 10 or words[9] == "lo" or not _is_used(int(words[8], 16)):
            continue
        routes.append(
            Route(
                interface=words[9],
                network=IPv6Network((int(words[0], 16), int(words[1], 16)), strict=False),
                metric=int(words[5], 16),
                is_direct=not int(words[8], 16) & RTF_GATEWAY,
            )
        )
    return routes


def _is_used(flags: int) -> bool:
    return bool(flags & RTF_UP) and not flags & RTF_REJECT


def _four(digits: str) -> IPv4Address:
    return IPv4Address(int(digits, 16).to_bytes(4, "little"))


def read_gateway(root: Path, interface: str) -> Address | None:
    """Read the gateway of an adapter's default route; of IPv4 first, then the lowest metric."""
    four = parse_gateways(read_text(root / "proc/net/route") or "", interface)
    six = parse_ipv6_gateways(read_text(root / "proc/net/ipv6_route") or "", interface)
    found: Sequence[tuple[int, Address]] = sorted(four) or sorted(six)
    return found[0][1] if found else None


def parse_gateways(text: str, interface: str) -> list[tuple[int, IPv4Address]]:
    """Return metric and gateway of the default routes of an adapter. Source: `parse_routes`."""
    rows = [line.split() for line in text.splitlines()[1:]]
    return [
        (int(words[6]), _four(words[2]))
        for words in rows
        if len(words) >= 8
        and (words[0], words[1], words[7]) == (interface, "0" * 8, "0" * 8)
        and int(words[3], 16) & RTF_GATEWAY
    ]


def parse_ipv6_gateways(text: str, interface: str) -> list[tuple[int, IPv6Address]]:
    """Return metric and gateway of the default routes of an adapter. Source: `parse_ipv6_routes`."""
    rows = [line.split() for line in text.splitlines()]
    return [
        (int(words[5], 16), IPv6Address(int(words[4], 16)))
        for words in rows
        if len(words) >= 10
        and (words[9], words[1]) == (interface, "00")
        and int(words[8], 16) & RTF_GATEWAY
    ]


def read_addresses(root: Path, routes: Sequence[Route]) -> dict[str, Address]:
    """Read the address of each adapter: of IPv4, else one of IPv6 that others can reach."""
    six = parse_if_inet6(read_text(root / "proc/net/if_inet6") or "")
    local = parse_fib_trie(read_text(root / "proc/net/fib_trie") or "")
    return {**six, **assign(local, routes)}


def parse_fib_trie(text: str) -> list[IPv4Address]:
    """Return the machine's own addresses but loopback ones, each once, in order.

    Source: Linux, net/ipv4/fib_trie.c, fib_trie_seq_show: `|-- address` and below it
    `/32 host LOCAL`.
    """
    found: dict[IPv4Address, None] = {}
    address = ""
    for line in text.splitlines():
        if "|-- " in line:
            address = line.partition("|-- ")[2]
        elif line.strip() == "/32 host LOCAL" and not address.startswith("127."):
            found[IPv4Address(address)] = None
    return list(found)


def assign(local: Sequence[IPv4Address], routes: Sequence[Route]) -> dict[str, IPv4Address]:
    """Return which adapter has which address: that whose own network holds it.

    A point-to-point adapter has no such network; one address that is left over is that of the
    default route's adapter, as in clouds that give addresses of /32.
    """
    direct = [r for r in routes if r.is_direct and not r.is_default and r.network.version == 4]
    direct.sort(key=lambda route: (-route.network.prefixlen, route.metric))
    found: dict[str, IPv4Address] = {}
    left = []
    for address in local:
        owner = next((r.interface for r in direct if address in r.network), None)
        if owner is None:
            left.append(address)
        else:
            found.setdefault(owner, address)
    defaults = [r.interface for r in routes if r.is_default and r.network.version == 4]
    if len(left) == 1 and defaults and defaults[0] not in found:
        found[defaults[0]] = left[0]
    return found


def parse_if_inet6(text: str) -> dict[str, IPv6Address]:
    """Return one global address of each adapter: rather none made of its hardware address.

    Source: Linux, net/ipv6/addrconf.c, if6_seq_show: address, index, length, scope, flags, name.
    """
    found: defaultdict[str, list[tuple[bool, bool, IPv6Address]]] = defaultdict(list)
    for line in text.splitlines():
        words = line.split()
        if len(words) != 6 or int(words[3], 16) != GLOBAL_SCOPE:
            continue
        flags = int(words[4], 16)
        if not flags & (DEPRECATED | TENTATIVE):
            address = IPv6Address(int(words[0], 16))
            rank = holds_hardware_address(address), bool(flags & TEMPORARY)
            found[words[5]].append((*rank, address))
    return {name: min(ranked)[2] for name, ranked in found.items()}


def read_dns_servers(root: Path) -> list[Address]:
    """Read the DNS servers that the machine asks."""
    for name in DNS_FILES:
        servers = parse_resolv_conf(read_text(root / name) or "")
        if servers:
            return servers
    return []


def parse_resolv_conf(text: str) -> list[Address]:
    """Return the name servers. Source: resolv.conf(5); `%` begins the zone of a link-local one."""
    found: list[Address] = []
    for match in re.finditer(r"^nameserver\s+([^\s%]+)", text, re.MULTILINE):
        try:
            found.append(ip_address(match[1]))
        except ValueError:  # a slip of somebody's hand
            continue
    return found[:SERVERS_MAXIMUM]


def read_dns_suffixes(root: Path) -> list[str]:
    """Read the DNS suffixes of the networks that the machine is in."""
    found = (parse_suffixes(read_text(root / name) or "") for name in DNS_FILES)
    return next((suffixes for suffixes in found if suffixes), [])


def parse_suffixes(text: str) -> list[str]:
    """Return the suffixes in lower case. Source: resolv.conf(5), `search`, `domain`; `.` is none."""
    lines = re.findall(r"^(?:search|domain)\s+(.+)$", text, re.MULTILINE)
    words = (word.strip(".").lower() for line in lines for word in line.split())
    return [word for word in words if word]
