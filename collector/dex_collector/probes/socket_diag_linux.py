"""Sockets by sock_diag: the kernel's list with what it measured of each connection."""

import os
import socket
import struct
from collections.abc import Iterator
from ipaddress import ip_address

from dex_collector.probes.netlink_linux import (
    ANSWER_BYTES,
    DONE,
    DUMP,
    ERROR,
    HEADER,
    REQUEST,
    TIMEOUT_SECONDS,
    NetlinkError,
    parse_attributes,
    parse_messages,
)
from dex_collector.probes.sockets_linux import PROTOCOLS, Socket, plain

# Source: sock_diag(7); Linux, include/uapi/linux/{sock_diag,inet_diag,tcp}.h.
NETLINK_SOCK_DIAG, BY_FAMILY = 4, 20
ALL_STATES = 0xFFFFFFFF
INFO = 2  # INET_DIAG_INFO: attribute, and bit INFO - 1 of the question
QUESTION = struct.Struct("=BBBBI48x")  # family, protocol, extensions, padding, states, socket
# Family, state, timer, retransmits; ports of the network; both addresses; then user and inode.
ANSWER = struct.Struct("!BBBBHH16s16s")
OWNER = struct.Struct("=II")
OWNER_START = 64  # after interface, cookie, expiry and both queues
ANSWER_SIZE = 72
# Places in struct tcp_info, which grows at its end: round trip in us; bytes in both directions.
ROUND_TRIP, TRAFFIC = struct.Struct("=I"), struct.Struct("=QQ")
ROUND_TRIP_START, TRAFFIC_START = 68, 120


def ask_sockets() -> list[Socket]:
    """Return the sockets of TCP and UDP of this machine. Needs no rights.

    Raises:
        OSError: a kernel without it.
    """
    found: list[Socket] = []
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_SOCK_DIAG) as link:
        link.settimeout(TIMEOUT_SECONDS)
        link.bind((0, 0))
        for family in (socket.AF_INET, socket.AF_INET6):
            for protocol in PROTOCOLS:
                link.send(make_question(family, protocol))
                found += _answers(link, protocol)
    return found


def _answers(link: socket.socket, protocol: int) -> Iterator[Socket]:
    while True:
        for kind, content in parse_messages(link.recv(ANSWER_BYTES)):
            if kind == DONE:
                return
            if kind == ERROR:
                code = struct.unpack_from("=i", content)[0]
                raise NetlinkError(-code, os.strerror(-code))
            yield parse_socket(content, protocol)


def make_question(family: int, protocol: int) -> bytes:
    """Return the question for all sockets of a family and protocol."""
    body = QUESTION.pack(family, protocol, 1 << (INFO - 1), 0, ALL_STATES)
    return HEADER.pack(HEADER.size + len(body), BY_FAMILY, REQUEST | DUMP, 1, 0) + body


def parse_socket(content: bytes, protocol: int) -> Socket:
    """Return a socket of an answer; what an older kernel does not measure is None."""
    family, state, _, _, local_port, port, _, remote = ANSWER.unpack_from(content)
    uid, inode = OWNER.unpack_from(content, OWNER_START)
    info = parse_attributes(content[ANSWER_SIZE:]).get(INFO, b"")
    round_trip_us = received = sent = None
    if len(info) >= ROUND_TRIP_START + ROUND_TRIP.size:
        round_trip_us = ROUND_TRIP.unpack_from(info, ROUND_TRIP_START)[0] or None
    if len(info) >= TRAFFIC_START + TRAFFIC.size:
        sent, received = TRAFFIC.unpack_from(info, TRAFFIC_START)
    return Socket(
        protocol=PROTOCOLS[protocol],
        state=state,
        local_port=local_port,
        remote=plain(ip_address(remote[:4] if family == socket.AF_INET else remote)),
        remote_port=port,
        uid=uid,
        inode=inode,
        round_trip_ms=None if round_trip_us is None else round_trip_us / 1000,
        received=received,
        sent=sent,
    )
