"""The kernel's process connector: it tells of each program that starts, crashes or is ended."""

import ctypes
import os
import socket
import struct
from contextlib import suppress
from typing import NamedTuple

from dex_collector.probes.netlink_linux import DONE, HEADER

# Source: Linux, include/uapi/linux/{connector,cn_proc}.h, drivers/connector/cn_proc.c.
NETLINK_CONNECTOR = 11  # the module socket has no name for it
INDEX, VALUE, GROUP = 1, 1, 1  # CN_IDX_PROC, CN_VAL_PROC; the group bears the index's number
LISTEN = 1  # PROC_CN_MCAST_LISTEN; the kernel ends a subscription with its socket
CONNECTOR_HEADER = struct.Struct(
    "=IIIIHH"
)  # index, value, sequence, acknowledgement, length, flags
EVENT = struct.Struct("=IIQ")  # what, processor, nanoseconds since the boot
START = HEADER.size + CONNECTOR_HEADER.size  # of the event in a message
BODY = START + EVENT.size
NONE, EXEC, CORE_DUMP, EXIT = 0x0, 0x2, 0x40000000, 0x80000000
WORD = struct.Struct("=I")
# All of it that is looked at: index and value; what; number of the thread, of its process; code.
MESSAGE = struct.Struct(f"={HEADER.size}xII12xI12xIII")

SIGNAL_BITS = 0x7F  # wait(2): of an exit code; 0 where the program ended by itself
RECEIVE_BYTES = 1 << 20  # of the kernel's queue: some thousand events
ACKNOWLEDGE_SECONDS = 1.0
SO_ATTACH_FILTER, SO_RCVBUFFORCE = 26, 33  # asm-generic/socket.h

# Classic BPF, linux/filter.h and bpf_common.h: the few operations that are used.
LOAD, TO_INDEX, RETURN = 0x20, 0x07, 0x06
JUMP_EQUAL, JUMP_EQUAL_INDEX, JUMP_SET = 0x15, 0x1D, 0x45
STEP = struct.Struct("=HBBI")  # operation, steps to skip if it holds, if not, value
WHOLE = 0xFFFFFFFF  # of the message


class Event(NamedTuple):
    """What a message tells; a tuple, for it is made at each start of a program.

    what: EXEC, it began to run a program. CORE_DUMP, it met a signal whose default is a core dump,
    and is about to end by it. EXIT, it ended. NONE, the kernel answers to a subscription.
    number: the signal that ended it, or 0; of an answer, a number of errno(3), or 0.
    """

    what: int
    pid: int
    number: int


def open_connector() -> socket.socket:
    """Subscribe to the connector.

    Raises:
        OSError: no CAP_NET_ADMIN, a container with processes of its own, or a kernel without it.
    """
    link = socket.socket(socket.AF_NETLINK, socket.SOCK_DGRAM, NETLINK_CONNECTOR)
    try:
        with suppress(OSError):  # a smaller queue loses events sooner, and says so
            link.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, RECEIVE_BYTES)
        attach_filter(link)
        link.bind((0, GROUP))
        link.settimeout(ACKNOWLEDGE_SECONDS)
        link.send(make_subscription())
        _await_acknowledgement(link)
    except OSError:
        link.close()
        raise
    return link


def _await_acknowledgement(link: socket.socket) -> None:
    """Wait until the kernel has taken the subscription; it says nothing where it ignores it."""
    while True:
        answer = parse_event(link.recv(512))
        if answer is not None and answer.what == NONE:
            if answer.number:
                raise OSError(answer.number, os.strerror(answer.number))
            return


def make_subscription() -> bytes:
    """Return the message that begins a subscription."""
    body = CONNECTOR_HEADER.pack(INDEX, VALUE, 0, 0, WORD.size, 0) + WORD.pack(LISTEN)
    return HEADER.pack(HEADER.size + len(body), DONE, 0, 0, os.getpid()) + body


def parse_event(message: bytes) -> Event | None:
    """Return what a message tells, or None if it is of no concern or cut off.

    Threads are none: of a program only its first thread ends the process.
    """
    if len(message) < MESSAGE.size:
        return None
    index, value, what, thread, process, code = MESSAGE.unpack_from(message)
    if (index, value) != (INDEX, VALUE):
        return None
    if what in {EXEC, CORE_DUMP}:
        return Event(what, process, 0)
    if what == EXIT and thread == process:
        return Event(what, process, code & SIGNAL_BITS)
    return Event(what, 0, thread) if what == NONE else None


def attach_filter(link: socket.socket) -> None:
    """Let the kernel keep back what nobody asks for: forks, threads, orderly ends.

    Without it each fork of a busy machine would wake the collector.
    """
    program = make_filter()
    code = ctypes.create_string_buffer(b"".join(program))
    # struct sock_fprog: the number of steps, and where they are.
    packed = struct.pack("HL", len(program), ctypes.addressof(code))
    link.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, packed)


def make_filter() -> list[bytes]:
    """Return the steps of the filter (linux/filter.h, struct sock_filter).

    Words of a message are loaded as if they came from a network, so the numbers are swapped.
    """
    keep, drop = len(_LINES) - 2, len(_LINES) - 1
    targets = {"keep": keep, "drop": drop}
    return [
        STEP.pack(code, *(_distance(number, targets.get(to)) for to in jumps), value)
        for number, (code, value, *jumps) in enumerate(_LINES)
    ]


def _distance(step: int, target: int | None) -> int:
    return 0 if target is None else target - step - 1


# Operation, value, where to go if it holds, and if not.
_LINES: tuple[tuple[int, int, str, str], ...] = (
    (LOAD, START, "", ""),
    (JUMP_EQUAL, socket.ntohl(NONE), "keep", ""),
    (JUMP_EQUAL, socket.ntohl(EXEC), "keep", ""),
    (JUMP_EQUAL, socket.ntohl(CORE_DUMP), "keep", ""),
    (JUMP_EQUAL, socket.ntohl(EXIT), "", "drop"),
    (LOAD, BODY, "", ""),  # the number of the thread,
    (TO_INDEX, 0, "", ""),
    (LOAD, BODY + WORD.size, "", ""),  # and of its process
    (JUMP_EQUAL_INDEX, 0, "", "drop"),
    (LOAD, BODY + 2 * WORD.size, "", ""),
    (JUMP_SET, socket.ntohl(SIGNAL_BITS), "keep", "drop"),
    (RETURN, WHOLE, "", ""),
    (RETURN, 0, "", ""),
)
