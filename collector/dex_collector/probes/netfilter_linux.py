"""What the kernel's packet filter does with what comes in, by nfnetlink."""

import os
import socket
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

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

# Source: Linux, include/uapi/linux/netfilter.h and netfilter/{nfnetlink,nf_tables}.h.
NETLINK_NETFILTER, GET_CHAIN = 12, (10 << 8) | 4  # NFNL_SUBSYS_NFTABLES, NFT_MSG_GETCHAIN
FAMILY_HEADER = struct.Struct("!BBH")  # family, version, resource
NUMBER = struct.Struct("!I")
HOOK, POLICY, USE, TYPE, HOOK_NUMBER = 4, 5, 6, 7, 1  # attributes of a chain, and of its hook
LOCAL_IN, DROP = 1, 0
BOTH, IPV4, IPV6 = 1, 2, 10  # NFPROTO_INET and the two that it stands for
FILTER = b"filter\0"


@dataclass(frozen=True, slots=True)
class Chain:
    """A chain that everything passes which comes in for this machine."""

    family: int
    is_dropping: bool  # what no rule lets in
    number_of_rules: int


def ask_chains() -> list[Chain]:
    """Return the chains that filter what comes in, of nftables and of the newer iptables.

    Raises:
        OSError: no CAP_NET_ADMIN, or a kernel without nftables.
    """
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_NETFILTER) as link:
        link.settimeout(TIMEOUT_SECONDS)
        link.bind((0, 0))
        body = FAMILY_HEADER.pack(0, 0, 0)
        length = HEADER.size + len(body)
        link.send(HEADER.pack(length, GET_CHAIN, REQUEST | DUMP, 1, 0) + body)
        return list(_answers(link))


def _answers(link: socket.socket) -> Iterator[Chain]:
    while True:
        for kind, content in parse_messages(link.recv(ANSWER_BYTES)):
            if kind == DONE:
                return
            if kind == ERROR:
                code = struct.unpack_from("=i", content)[0]
                raise NetlinkError(-code, os.strerror(-code))
            chain = parse_chain(content)
            if chain is not None:
                yield chain


def parse_chain(content: bytes) -> Chain | None:
    """Return a chain, or None if it does not filter what comes in."""
    family = FAMILY_HEADER.unpack_from(content)[0]
    found = parse_attributes(content[FAMILY_HEADER.size :])
    hook = parse_attributes(found.get(HOOK, b""))
    if found.get(TYPE) != FILTER or _number(hook.get(HOOK_NUMBER)) != LOCAL_IN:
        return None
    return Chain(family, _number(found.get(POLICY)) == DROP, _number(found.get(USE)) or 0)


def _number(value: bytes | None) -> int | None:
    return None if value is None else int(NUMBER.unpack(value)[0])


def protection_of(chains: Iterable[Chain]) -> str:
    """Return how much of what comes in is filtered.

    Chains that drop what no rule lets in, for both families of addresses, are `enabled`; for one,
    or with rules alone, of which nobody knows what they keep out, `partially_enabled`.
    """
    used = [chain for chain in chains if chain.is_dropping or chain.number_of_rules]
    dropping = {chain.family for chain in used if chain.is_dropping}
    if BOTH in dropping or {IPV4, IPV6} <= dropping:
        return "enabled"
    return "partially_enabled" if used else "disabled"
