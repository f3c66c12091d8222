"""The connection of a remote session: round trip and loss, as the kernel measures them anyway."""

import socket
import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address
from pathlib import Path

from dex_collector.addresses import Address
from dex_collector.probes.netlink_linux import (
    DONE,
    DUMP,
    ERROR,
    HEADER,
    REQUEST,
    TIMEOUT_SECONDS,
    parse_attributes,
    parse_messages,
)

# Source: sock_diag(7); Linux, include/uapi/linux/{netlink,sock_diag,inet_diag}.h.
NETLINK_SOCK_DIAG, BY_FAMILY = 4, 20
ASKED = struct.Struct("=BBBxI2s46x")  # family, protocol, extensions, states, local port
TOLD = struct.Struct("=24x16s4x8s20x")  # address of the other side, cookie
ESTABLISHED, INFO = 1, 2  # a state, an extension
ANSWER_BYTES = 65_536
# Source: Linux, include/uapi/linux/tcp.h, tcp_info; microseconds and segments.
ROUND_TRIP, SENT_AGAIN, SENT = 68, 100, 136
PORTS = {"ssh": 22, "rdp": 3389}  # a service that listens elsewhere is not found


@dataclass(frozen=True, slots=True)
class Connection:
    """An open TCP connection of this machine."""

    cookie: bytes
    peer: Address
    round_trip_us: int
    sent: int  # segments
    sent_again: int


def read_connections(root: Path, protocol: str) -> list[Connection]:
    """Read the open connections to one service; a captured machine has no kernel to ask."""
    port = PORTS.get(protocol)
    if root != Path("/") or port is None:
        return []
    families = (socket.AF_INET, socket.AF_INET6)
    return [one for family in families for one in ask_kernel(family, port)]


def ask_kernel(family: int, port: int) -> list[Connection]:
    """Return the open connections to one port; none where the kernel cannot tell."""
    states = 1 << ESTABLISHED
    local = port.to_bytes(2, "big")
    request = ASKED.pack(family, socket.IPPROTO_TCP, 1 << INFO - 1, states, local)
    header = HEADER.pack(HEADER.size + len(request), BY_FAMILY, REQUEST | DUMP, 1, 0)
    found: list[Connection] = []
    try:
        with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_SOCK_DIAG) as link:
            link.settimeout(TIMEOUT_SECONDS)
            link.send(header + request)
            while True:
                for kind, payload in parse_messages(link.recv(ANSWER_BYTES)):
                    if kind in {DONE, ERROR}:
                        return found
                    found += parse_connection(family, payload)
    except OSError:
        return found


def parse_connection(family: int, payload: bytes) -> Iterator[Connection]:
    """Yield the connection that one answer tells of; none without its figures."""
    destination, cookie = TOLD.unpack_from(payload)
    info = parse_attributes(payload[TOLD.size :]).get(INFO, b"")
    if len(info) < SENT + 4:
        return
    size = 4 if family == socket.AF_INET else 16
    peer = ip_address(destination[:size])
    if isinstance(peer, IPv6Address) and peer.ipv4_mapped is not None:
        peer = peer.ipv4_mapped
    figures = (struct.unpack_from("=I", info, at)[0] for at in (ROUND_TRIP, SENT, SENT_AGAIN))
    yield Connection(cookie, peer, *figures)


def of_host(connections: Sequence[Connection], remote_host: str) -> list[Connection]:
    """Return the connections of a session: those from its host to its service.

    Two sessions of one host share theirs; they also share the way.
    """
    try:
        peer = ip_address(remote_host)
    except ValueError:  # a name, or nothing
        return []
    return [one for one in connections if one.peer == peer]


def gauges_of(
    connections: Sequence[Connection], before: Mapping[bytes, Connection]
) -> dict[str, float]:
    """Return round trip now, and the share of segments that were sent again since `before`."""
    if not connections:
        return {}
    gauges = {
        "round_trip_time_ms": sum(one.round_trip_us for one in connections)
        / len(connections)
        / 1000
    }
    pairs = [(before[one.cookie], one) for one in connections if one.cookie in before]
    sent = sum(new.sent - old.sent for old, new in pairs)
    if sent > 0:
        again = sum(new.sent_again - old.sent_again for old, new in pairs)
        gauges["packet_loss_ratio"] = min(1.0, again / sent)
    return gauges
