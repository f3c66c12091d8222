"""Connections probe: to where programs are connected; what began and ended in between is not seen."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from dex_collector.configuration import Configuration
from dex_collector.probes.base import Context, Lack, Output, Sample, Tally, read_text
from dex_collector.probes.executions_linux import parse_uid, read_platform
from dex_collector.probes.programs_linux import UNKNOWN, read_program
from dex_collector.probes.socket_diag_linux import ask_sockets
from dex_collector.probes.socket_owners_linux import find_owners
from dex_collector.probes.sockets_linux import (
    ASKING,
    ESTABLISHED,
    LISTENING,
    Socket,
    read_sockets,
)
from dex_collector.redaction import TRAFFIC_OF_EXECUTIONS

KIND = "connection.events"
SWITCH = "network_connections"
EVERY_SECONDS = 300
GAP_SECONDS = 4 * EVERY_SECONDS  # two intervals, which the watchdog may have doubled
LACKS = (
    Lack("connections.polled"),  # short ones are not seen
    Lack("connection_failures.unsupported"),  # a socket that failed is gone
    Lack("destination_domains.unsupported"),  # sockets know addresses
)


@dataclass(frozen=True, slots=True)
class Owner:
    """Who has a socket."""

    binary: str
    uid: int


@dataclass(slots=True)
class Seen:
    """A connection as the last listing had it. owner: None where none was found."""

    socket: Socket
    owner: Owner | None


class ConnectionReader:
    """Compares each listing of the sockets with the one before."""

    def __init__(self) -> None:
        self._seen: dict[int, Seen] = {}  # by inode
        self._read_at: float | None = None
        self._platform: Mapping[str, str] | None = None

    def __call__(self, context: Context) -> list[Output]:
        if self._platform is None:
            self._platform = read_platform(context.root)
        before, self._read_at = self._read_at, context.monotonic
        is_first = before is None or not 0 < context.monotonic - before <= GAP_SECONDS
        seen, self._seen = self._seen, self._look(context)
        samples = [
            self._sample(
                context,
                one.owner,
                one.socket,
                earlier(one.socket, seen.get(inode)),
                is_first=is_first,
            )
            for inode, one in self._seen.items()
            if one.owner is not None and is_told(one.owner, context.configuration)
        ]
        if tells_executions(context.configuration):
            samples += [of_execution(one) for one in samples]
        unknown = sum(one.owner is None for one in self._seen.values())
        return [*samples, Tally("connections_without_program", unknown), *LACKS]

    def rest(self) -> None:
        """Forget what was seen: what goes on meanwhile is not to be compared."""
        self._seen, self._read_at = {}, None

    def _look(self, context: Context) -> dict[int, Seen]:
        """Return the connections of now; owners are looked for where they are not known yet."""
        present = {one.inode: one for one in outgoing(list_sockets(context.root))}
        kept = {
            inode: Seen(one, old.owner)
            for inode, one in present.items()
            if (old := self._seen.get(inode)) and old.owner and is_same(old.socket, one)
        }
        new = {inode: one for inode, one in present.items() if inode not in kept}
        owners = read_owners(context.root, set(new), context.configuration)
        return kept | {inode: Seen(one, owners.get(inode)) for inode, one in new.items()}

    def _sample(
        self, context: Context, owner: Owner, now: Socket, old: Socket | None, *, is_first: bool
    ) -> Sample:
        counters = {"number_of_connections": 0} if is_first else differences(old, now)
        gauges = {} if now.round_trip_ms is None else {"round_trip_time_ms": now.round_trip_ms}
        return Sample(
            kind=KIND,
            gauges=gauges,
            counters=counters,
            fields={
                "protocol": now.protocol,
                "destination_ip": str(now.remote),
                "destination_port": now.remote_port,
            },
            user=context.naming.of_uid(owner.uid),
            binary={"name": owner.binary, **(self._platform or {})},
        )


def list_sockets(root: Path) -> list[Socket]:
    """Read all sockets: from the kernel, which measures them, else from /proc/net.

    Raises:
        NoData: neither is there.
    """
    if root == Path("/"):
        try:
            return ask_sockets()
        except OSError:
            pass
    return read_sockets(root)


def outgoing(sockets: Iterable[Socket]) -> Iterator[Socket]:
    """Yield the connections that a program of this machine asked for.

    One at a port on which something listens was asked for by the other side, whom it would name.
    """
    listed = list(sockets)
    served = {(one.protocol, one.local_port) for one in listed if one.state == LISTENING}
    for one in listed:
        is_connected = one.state in {ESTABLISHED, ASKING} and one.remote_port and one.inode
        if is_connected and (one.protocol, one.local_port) not in served:
            yield one


def is_same(one: Socket, other: Socket) -> bool:
    """Return whether two listings name one connection: a number of an inode is used again."""
    return (one.remote, one.remote_port, one.local_port, one.protocol) == (
        other.remote,
        other.remote_port,
        other.local_port,
        other.protocol,
    )


def earlier(now: Socket, seen: Seen | None) -> Socket | None:
    """Return the same connection as the listing before had it, or None if it is new."""
    return seen.socket if seen is not None and is_same(seen.socket, now) else None


def differences(old: Socket | None, now: Socket) -> dict[str, int]:
    """Return what came since the listing before; `old` None: since the connection began."""
    counters = {"number_of_connections": int(old is None)}
    if now.protocol == "tcp":
        was_made = now.state == ESTABLISHED and (old is None or old.state == ASKING)
        counters["number_of_established_connections"] = int(was_made)
    pairs = {
        "incoming_traffic_bytes": (old.received if old else 0, now.received),
        "outgoing_traffic_bytes": (old.sent if old else 0, now.sent),
    }
    for name, (before, after) in pairs.items():
        if after is not None and after >= (before or 0):
            counters[name] = after - (before or 0)
    return counters


def tells_executions(configuration: Configuration) -> bool:
    """Return whether rows of executions may have traffic: a list lets it into connections alone."""
    return configuration.value(SWITCH) == "all" and configuration.is_on("executions")


def of_execution(connection: Sample) -> Sample:
    """Return what a connection adds to the row of its program's executions."""
    names = TRAFFIC_OF_EXECUTIONS & set(connection.counters)
    return Sample(
        kind="execution.events",
        counters={name: connection.counters[name] for name in sorted(names)},
        user=connection.user,
        binary=connection.binary,
    )


def is_told(owner: Owner, configuration: Configuration) -> bool:
    """Return whether the connections of a program may be told."""
    if configuration.value(SWITCH) == "all":
        return True
    return owner.binary.lower() in configuration.listed(SWITCH)


def read_owners(root: Path, inodes: set[int], configuration: Configuration) -> dict[int, Owner]:
    """Read program and user of sockets. Of a program that is not listed nothing is looked at."""
    if not inodes:
        return {}
    programs = dict(_read_programs(root, configuration))
    # The newest first: a new socket is mostly that of a program that has just begun.
    owners = find_owners(root, inodes, iter(sorted(programs, reverse=True)))
    found = {}
    for inode, pid in owners.items():
        uid = parse_uid(read_text(root / "proc" / str(pid) / "status") or "")
        if uid is not None:
            found[inode] = Owner(programs[pid], uid)
    return found


def _read_programs(root: Path, configuration: Configuration) -> Iterator[tuple[int, str]]:
    """Yield number and program of the processes whose sockets may be looked at.

    Without a file are the kernel's own, which have none, and those that nobody may look into.
    """
    for entry in (root / "proc").iterdir():
        if not entry.name.isdigit():
            continue
        name = read_program(entry, "").name
        if name != UNKNOWN and is_told(Owner(name, 0), configuration):
            yield int(entry.name), name
