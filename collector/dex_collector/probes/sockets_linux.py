"""Sockets of the machine, as /proc/net lists them."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path

from dex_collector.addresses import Address
from dex_collector.probes.base import NoData, read_text

PROTOCOLS = {6: "tcp", 17: "udp"}  # netinet/in.h
TABLES = (("tcp", "tcp"), ("tcp6", "tcp"), ("udp", "udp"), ("udp6", "udp"))
# Linux, include/net/tcp_states.h; a socket of UDP that has a partner is `established`.
ESTABLISHED, ASKING, LISTENING = 1, 2, 10


@dataclass(frozen=True, slots=True)
class Socket:
    """One socket. round_trip_ms, and bytes received and sent: None where nobody measures them."""

    protocol: str
    state: int
    local_port: int
    remote: Address
    remote_port: int
    uid: int
    inode: int  # 0: no process has it any more
    round_trip_ms: float | None = None
    received: int | None = None
    sent: int | None = None


def read_sockets(root: Path) -> list[Socket]:
    """Read the sockets of all programs in this network namespace."""
    texts = {name: read_text(root / "proc/net" / name) for name, _ in TABLES}
    if not any(texts.values()):
        raise NoData("no /proc/net/tcp")
    return [
        found for name, protocol in TABLES for found in parse_sockets(texts[name] or "", protocol)
    ]


def parse_sockets(text: str, protocol: str) -> Iterator[Socket]:
    """Yield the sockets of one table; a line that is cut off is left out.

    Source: proc_pid_net(5) and Linux, Documentation/networking/proc_net_tcp.rst: local and remote
    address, state, queues, timer, retransmits, user, time-out, inode.
    """
    for line in text.splitlines():
        fields = line.split()
        if len(fields) < 10 or not fields[0].endswith(":"):
            continue
        remote, _, port = fields[2].partition(":")
        yield Socket(
            protocol=protocol,
            state=int(fields[3], 16),
            local_port=int(fields[1].rpartition(":")[2], 16),
            remote=plain(parse_address(remote)),
            remote_port=int(port, 16),
            uid=int(fields[7]),
            inode=int(fields[9]),
        )


def parse_address(text: str) -> Address:
    """Return an address: words of 32 bits, each in the order of this machine."""
    words = (int(text[start : start + 8], 16) for start in range(0, len(text), 8))
    return ip_address(b"".join(struct.pack("=I", word) for word in words))


def plain(address: Address) -> Address:
    """Return an address of IPv4 as such, also where a socket of IPv6 uses it."""
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return address if mapped is None else IPv4Address(mapped)
