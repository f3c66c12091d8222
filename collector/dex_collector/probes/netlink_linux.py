"""Questions to the kernel by generic netlink, the language of its Wi-Fi."""

import os
import socket
import struct
from collections.abc import Iterator, Mapping

# Source: netlink(7); Linux, include/uapi/linux/{netlink,genetlink}.h.
HEADER = struct.Struct("=IHHII")  # length, type, flags, sequence, port
GENERIC_HEADER = struct.Struct("=BBH")  # command, version, reserved
ATTRIBUTE = struct.Struct("=HH")  # length, type
REQUEST, ACKNOWLEDGE, DUMP = 0x1, 0x4, 0x300
ERROR, DONE = 0x2, 0x3
TYPE_MASK = 0x3FFF  # the bits above say how an attribute is written
NETLINK_GENERIC = 16  # the module socket has no name for it
CONTROLLER, GET_FAMILY, FAMILY_ID, FAMILY_NAME = 16, 3, 1, 2
ANSWER_BYTES, TIMEOUT_SECONDS = 65_536, 1.0

Attributes = Mapping[int, bytes]


class NetlinkError(OSError):
    """The kernel refused the question."""


def ask(family: str, command: int, attributes: Attributes, *, is_dump: bool) -> list[Attributes]:
    """Return the kernel's answers. Needs no rights for what only reads.

    Raises:
        OSError: no such family, as without Wi-Fi, or no answer.
    """
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_GENERIC) as link:
        link.settimeout(TIMEOUT_SECONDS)
        link.bind((0, 0))
        named = {FAMILY_NAME: family.encode() + b"\0"}
        (found,) = _exchange(link, CONTROLLER, GET_FAMILY, named, is_dump=False)
        number = int.from_bytes(found[FAMILY_ID], "little")
        return _exchange(link, number, command, attributes, is_dump=is_dump)


def _exchange(
    link: socket.socket, family: int, command: int, attributes: Attributes, *, is_dump: bool
) -> list[Attributes]:
    link.send(make_request(family, command, attributes, is_dump=is_dump))
    answers: list[Attributes] = []
    while True:
        for kind, payload in parse_messages(link.recv(ANSWER_BYTES)):
            if kind == DONE:
                return answers
            if kind == ERROR:
                code = struct.unpack_from("=i", payload)[0]
                if code:
                    raise NetlinkError(-code, os.strerror(-code))
                return answers  # the acknowledgement, which ends what is no dump
            answers.append(parse_attributes(payload[GENERIC_HEADER.size :]))


def make_request(family: int, command: int, attributes: Attributes, *, is_dump: bool) -> bytes:
    """Return a question as it is sent."""
    body = GENERIC_HEADER.pack(command, 1, 0) + make_attributes(attributes)
    flags = REQUEST | (DUMP if is_dump else ACKNOWLEDGE)
    return HEADER.pack(HEADER.size + len(body), family, flags, 1, 0) + body


def make_attributes(attributes: Attributes) -> bytes:
    """Return attributes as they are written: length, type, value, padded to 4 bytes."""
    written = (
        ATTRIBUTE.pack(ATTRIBUTE.size + len(value), kind) + value + b"\0" * (-len(value) % 4)
        for kind, value in attributes.items()
    )
    return b"".join(written)


def parse_messages(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield type and content of the messages in one answer."""
    start = 0
    while start + HEADER.size <= len(data):
        length, kind, *_ = HEADER.unpack_from(data, start)
        if length < HEADER.size:
            return
        yield kind, data[start + HEADER.size : start + length]
        start += length + -length % 4


def parse_attributes(data: bytes) -> dict[int, bytes]:
    """Return the attributes of a message, or of one that holds others."""
    found: dict[int, bytes] = {}
    start = 0
    while start + ATTRIBUTE.size <= len(data):
        length, kind = ATTRIBUTE.unpack_from(data, start)
        if length < ATTRIBUTE.size:
            break
        found[kind & TYPE_MASK] = data[start + ATTRIBUTE.size : start + length]
        start += length + -length % 4
    return found
