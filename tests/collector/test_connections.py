"""Connections of programs."""

import os
import socket
import struct
import time
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest

from dex_collector.daemon import Daemon
from dex_collector.probes import connections, connections_linux, socket_owners_linux
from dex_collector.probes.base import Context, Lack, NoData, Output, Probe, Sample, Tally
from dex_collector.probes.connections_linux import ConnectionReader, outgoing
from dex_collector.probes.socket_diag_linux import ask_sockets, make_question, parse_socket
from dex_collector.probes.sockets_linux import ESTABLISHED, Socket, parse_sockets, read_sockets
from tests.collector.conftest import FIXTURES, configuration, run
from tests.collector.fakes import FakeClock, FakeServer

MakeContext = Callable[..., Context]
Start = Callable[..., Daemon]

LAPTOP = FIXTURES / "laptop"
BUDGET_SECONDS = 0.013  # of the processor, for all sockets of a machine
OFFICE = {"name": "soffice.bin", "platform": "linux", "architecture": "x64"}


@pytest.fixture
def connected(machine: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A laptop whose office program, 2200, has the sockets of the tables open."""
    (machine / "proc/2200/fd").mkdir()
    monkeypatch.chdir(machine / "proc/2200/fd")  # a name of a socket has 108 bytes at most
    opened = []
    for number, table in ((20002, "tcp"), (20003, "tcp"), (20012, "tcp6"), (20022, "udp")):
        made = socket.socket(socket.AF_UNIX)
        made.bind(str(number))
        opened.append(made)
        file = machine / "proc/net" / table
        inode = os.stat(str(number)).st_ino
        file.write_text(file.read_text().replace(f" {number} ", f" {inode} "))
    (machine / "proc/2200/fd/3").symlink_to("/home/ada/secret.odt")
    yield machine
    for one in opened:
        one.close()


def establish(machine: Path) -> None:
    """Let the partner of the waiting socket answer."""
    file = machine / "proc/net/tcp"
    file.write_text(file.read_text().replace(" 02 0", " 01 0"))


def samples(outputs: Iterable[Output], kind: str = "connection.events") -> list[Sample]:
    return [one for one in outputs if isinstance(one, Sample) and one.kind == kind]


def told(outputs: Iterable[Output]) -> list[tuple[Any, ...]]:
    """Return protocol, destination, port and number of attempts of each row."""
    return [
        (*one.fields.values(), one.counters["number_of_connections"]) for one in samples(outputs)
    ]


def of_first_bucket(server: FakeServer) -> list[dict[str, Any]]:
    rows = server.records("connection.events")
    return [row for row in rows if row["bucket"] == "2026-03-02T12:00:00.000Z"]


class TestSockets:
    def test_of_a_laptop(self) -> None:
        found = read_sockets(LAPTOP)

        assert [(s.protocol, str(s.remote), s.remote_port, s.uid) for s in outgoing(found)] == [
            ("tcp", "198.51.113.10", 443, 1000),
            ("tcp", "198.51.113.10", 443, 1000),
            ("tcp", "2001:db8::1", 993, 1000),
            ("tcp", "198.51.113.10", 8080, 1000),
            ("udp", "198.51.113.10", 443, 1000),
        ]

    def test_asked_for_by_the_other_side_are_none_of_ours(self) -> None:
        ports = {one.local_port for one in outgoing(read_sockets(LAPTOP))}

        assert 22 not in ports

    def test_a_line_that_was_cut_off_is_none(self) -> None:
        assert list(parse_sockets("  sl  local\n   0: 0100007F:0016 0000", "tcp")) == []

    def test_without_tables_there_are_no_data(self, tmp_path: Path) -> None:
        with pytest.raises(NoData):
            read_sockets(tmp_path)

    def test_of_the_kernel_are_asked_for_in_72_bytes(self) -> None:
        """Source: sock_diag(7): nlmsghdr, inet_diag_req_v2."""
        question = make_question(socket.AF_INET6, 6)

        assert len(question) == 72
        assert struct.unpack_from("=IHH", question) == (72, 20, 0x301)
        assert struct.unpack_from("=BBBBI", question, 16) == (10, 6, 2, 0, 0xFFFFFFFF)

    def test_of_an_older_kernel_have_no_traffic(self) -> None:
        content = struct.pack(
            "!BBBBHH16s16s", 2, 1, 0, 0, 50000, 443, bytes(16), b"\xc6\x33\x71\x0a"
        )
        content = content.ljust(64, b"\0") + struct.pack("=II", 1000, 77)

        assert parse_socket(content, 6) == Socket(
            "tcp", ESTABLISHED, 50000, ip_address("198.51.113.10"), 443, 1000, 77
        )


class TestReader:
    @pytest.mark.case("collector.12")
    def test_tells_destinations_of_a_program(
        self, make_context: MakeContext, connected: Path
    ) -> None:
        reader = ConnectionReader()
        (connected / "proc/net/tcp6").rename(connected / "proc/net/later")
        reader(make_context(connected, monotonic=1_000))
        (connected / "proc/net/later").rename(connected / "proc/net/tcp6")
        establish(connected)

        found = reader(make_context(connected, monotonic=1_300))

        assert told(found) == [
            ("tcp", "198.51.113.10", 443, 0),
            ("tcp", "198.51.113.10", 443, 0),
            ("udp", "198.51.113.10", 443, 0),
            ("tcp", "2001:db8::1", 993, 1),
        ]
        made = [s.counters.get("number_of_established_connections") for s in samples(found)]
        assert made == [0, 1, None, 1]
        assert {str(s.binary) for s in samples(found)} == {str(OFFICE)}
        assert samples(found)[0].user == {"name": "adas-laptop\\ada", "type": "local_user"}

    @pytest.mark.parametrize(
        ("switches", "number"),
        [({}, 4), ({"executions": "off"}, 0), ({"network_connections": "listed_binaries"}, 0)],
    )
    def test_adds_to_the_executions_of_a_program_where_both_switches_allow_it(
        self,
        make_context: MakeContext,
        connected: Path,
        switches: dict[str, str],
        number: int,
    ) -> None:
        reader = ConnectionReader()
        reader(make_context(connected, monotonic=1_000, **switches))
        establish(connected)

        found = samples(
            reader(make_context(connected, monotonic=1_300, **switches)), "execution.events"
        )

        assert len(found) == number
        assert {str(one.binary) for one in found} <= {str(OFFICE)}
        made = [one.counters.get("number_of_established_connections", 0) for one in found]
        assert sum(made) == min(number, 1)

    def test_says_what_it_cannot_tell(self, make_context: MakeContext, connected: Path) -> None:
        found = ConnectionReader()(make_context(connected))

        assert {one.word for one in found if isinstance(one, Lack)} == {
            "connections.polled",
            "connection_failures.unsupported",
            "destination_domains.unsupported",
        }
        assert Tally("connections_without_program", 1) in found

    def test_listed_tells_of_the_list_and_looks_at_no_other_program(
        self,
        make_context: MakeContext,
        connected: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        looked: list[str] = []
        whole = socket_owners_linux.read_socket_inodes
        monkeypatch.setattr(
            socket_owners_linux,
            "read_socket_inodes",
            lambda process, wanted: looked.append(process.name) or whole(process, wanted),  # type: ignore[func-returns-value]
        )
        context = make_context(connected, network_connections="listed_binaries")
        object.__setattr__(
            context.configuration, "lists", {"network_connections": frozenset({"soffice.bin"})}
        )

        found = ConnectionReader()(context)

        assert looked == ["2200"]
        assert len(told(found)) == 4

    def test_without_a_list_tells_nothing(self, make_context: MakeContext, connected: Path) -> None:
        context = make_context(connected, network_connections="listed_binaries")

        assert told(ConnectionReader()(context)) == []

    def test_looks_for_the_program_of_a_socket_once(
        self, make_context: MakeContext, connected: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        asked: list[int] = []
        whole = connections_linux.find_owners
        monkeypatch.setattr(
            connections_linux,
            "find_owners",
            lambda root, inodes, pids: asked.append(len(inodes)) or whole(root, inodes, pids),  # type: ignore[func-returns-value]
        )
        reader = ConnectionReader()
        reader(make_context(connected, monotonic=1_000))

        reader(make_context(connected, monotonic=1_300))

        assert asked == [5, 1]  # one belongs to a program that nobody may look into

    def test_compares_when_the_watchdog_slowed_it(
        self, make_context: MakeContext, connected: Path
    ) -> None:
        reader = ConnectionReader()
        reader(make_context(connected, monotonic=1_000))
        establish(connected)

        found = reader(make_context(connected, monotonic=1_601))

        made = [s.counters.get("number_of_established_connections") for s in samples(found)]
        assert made == [0, 1, 0, None]

    def test_does_not_compare_over_a_gap(self, make_context: MakeContext, connected: Path) -> None:
        reader = ConnectionReader()
        reader(make_context(connected, monotonic=1_000))
        establish(connected)

        found = reader(make_context(connected, monotonic=3_000))

        assert {number for *_, number in told(found)} == {0}


class TestDaemon:
    @pytest.fixture
    def probe(self) -> tuple[Probe, ...]:
        return (connections.PROBE,)

    def test_sends_a_row_for_each_destination(
        self,
        start: Start,
        server: FakeServer,
        clock: FakeClock,
        connected: Path,
        probe: tuple[Probe, ...],
    ) -> None:
        run(start(root=connected, probes=probe), clock, seconds=1_900, every=30)

        first = of_first_bucket(server)
        places = {(r["fields"]["protocol"], r["fields"]["destination_port"]) for r in first}
        assert places == {("tcp", 443), ("tcp", 993), ("udp", 443)}
        assert len(first) == 3
        assert {record["bucket_s"] for record in first} == {900}

    @pytest.mark.case("collector.9")
    def test_off_lists_no_socket(
        self,
        start: Start,
        server: FakeServer,
        clock: FakeClock,
        connected: Path,
        probe: tuple[Probe, ...],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        reads: list[Path] = []
        monkeypatch.setattr(connections_linux, "list_sockets", reads.append)
        server.switches["network_connections"] = "off"

        run(start(root=connected, probes=probe), clock, seconds=700, every=30)

        assert server.requests
        assert reads == []

    def test_switched_off_later_leaves_nothing_of_it(
        self,
        start: Start,
        server: FakeServer,
        clock: FakeClock,
        connected: Path,
        probe: tuple[Probe, ...],
    ) -> None:
        daemon = start(root=connected, probes=probe)
        run(daemon, clock, seconds=600, every=30)
        establish(connected)
        server.configure(network_connections="off")

        run(daemon, clock, seconds=1_900, every=30)

        assert server.records("connection.events") == []
        assert [r["metrics"] for r in server.records("execution.events") if r["metrics"]] == []

    @pytest.mark.parametrize(("names", "left"), [([], 0), (["SOffice.bin"], 3)])
    def test_a_list_that_comes_later_purges_the_rest(
        self,
        start: Start,
        server: FakeServer,
        clock: FakeClock,
        connected: Path,
        probe: tuple[Probe, ...],
        names: list[str],
        left: int,
    ) -> None:
        daemon = start(root=connected, probes=probe)
        run(daemon, clock, seconds=600, every=30)
        server.lists["network_connections"] = names
        server.configure(network_connections="listed_binaries")

        run(daemon, clock, seconds=600, every=30)
        daemon.measurement.stop()
        daemon.turn()

        first = of_first_bucket(server)
        assert len(first) == left


class TestThisMachine:
    def test_shows_a_connection_of_this_process_with_what_it_carried(self) -> None:
        try:
            ask_sockets()
        except OSError as error:
            pytest.skip(f"the kernel gives no sock_diag here: {error}")
        reader, rows = ConnectionReader(), []
        with socket.create_server(("127.0.0.1", 0)) as server:
            port = server.getsockname()[1]
            for at in (1_000.0, 1_300.0, 1_600.0):
                context = Context(Path("/"), datetime.now(tz=UTC), at, configuration())
                rows.append(
                    [s for s in samples(reader(context)) if s.fields["destination_port"] == port]
                )
                if at == 1_000.0:
                    client = socket.create_connection(("127.0.0.1", port))
                    accepted, _ = server.accept()
                else:
                    client.sendall(b"x" * 1_000)
                    assert (
                        len(accepted.recv(2_000, socket.MSG_WAITALL | socket.MSG_DONTWAIT)) <= 1_000
                    )
        client.close()
        accepted.close()

        (made,), (carried,) = rows[1:]
        assert rows[0] == []
        assert made.counters["number_of_connections"] == 1
        assert made.counters["number_of_established_connections"] == 1
        assert carried.counters["number_of_connections"] == 0
        assert carried.counters["outgoing_traffic_bytes"] == 1_000
        assert 0 < carried.gauges["round_trip_time_ms"] < 1_000
        assert (carried.binary or {})["name"] == Path("/proc/self/exe").resolve().name

    def test_lists_its_sockets_within_the_budget(self) -> None:
        reader, costs = ConnectionReader(), []
        for at in range(5):
            context = Context(Path("/"), datetime.now(tz=UTC), 1_000.0 + at, configuration())
            before = time.thread_time()
            reader(context)
            costs.append(time.thread_time() - before)

        assert min(costs) < BUDGET_SECONDS
