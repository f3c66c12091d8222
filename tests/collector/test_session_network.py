"""The connection of a remote session: of this kernel, and in the samples."""

import socket
from dataclasses import replace
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest

from dex_collector.probes import session_network_linux, sessions_linux
from dex_collector.probes.base import Sample
from dex_collector.probes.session_network_linux import Connection, gauges_of, of_host
from tests.collector.conftest import configuration
from tests.collector.fakes import NOON
from tests.collector.spying import spy
from tests.collector.watching import Watch
from tests.fakes.logind import FakeLogind, Person

ADA = Person(1000, "ada")
CLIENT = "198.51.100.7"
FIRST = Connection(b"1", ip_address(CLIENT), round_trip_us=20_000, sent=100, sent_again=1)


class TestKernel:
    @pytest.mark.parametrize(
        ("family", "address"),
        [
            (socket.AF_INET, "127.0.0.1"),
            (socket.AF_INET6, "::1"),
        ],
    )
    def test_tells_what_a_connection_is_like(self, family: int, address: str) -> None:
        with (
            socket.create_server((address, 0), family=socket.AddressFamily(family)) as server,
            socket.create_connection(server.getsockname()[:2]) as client,
            server.accept()[0] as accepted,
        ):
            accepted.sendall(b"x")
            client.recv(1)
            port = server.getsockname()[1]

            (one,) = session_network_linux.ask_kernel(family, port)

            assert one.peer == ip_address(address)
            assert 0 < one.round_trip_us < 1_000_000
            assert one.sent >= 1
            assert one.sent_again == 0

    def test_tells_of_a_mapped_address_the_one_of_ipv4(self) -> None:
        with (
            socket.create_server(("::", 0), family=socket.AF_INET6, dualstack_ipv6=True) as server,
            socket.create_connection(("127.0.0.1", server.getsockname()[1])),
            server.accept()[0],
        ):
            port = server.getsockname()[1]

            found = session_network_linux.ask_kernel(socket.AF_INET6, port)

            assert [str(one.peer) for one in found] == ["127.0.0.1"]


class TestChoice:
    @pytest.mark.parametrize(
        ("host", "number"),
        [(CLIENT, 1), ("198.51.100.8", 0), ("adas-home.example", 0), ("", 0)],
    )
    def test_is_by_host(self, host: str, number: int) -> None:
        assert len(of_host([FIRST], host)) == number

    def test_is_none_of_a_service_whose_port_nobody_knows(self) -> None:
        assert session_network_linux.read_connections(Path("/"), "other") == []


class TestGauges:
    def test_have_a_loss_from_the_second_reading_on(self) -> None:
        later = replace(FIRST, round_trip_us=30_000, sent=150, sent_again=6)

        assert gauges_of([FIRST], {}) == {"round_trip_time_ms": 20.0}
        assert gauges_of([later], {b"1": FIRST}) == {
            "round_trip_time_ms": 30.0,
            "packet_loss_ratio": 0.1,
        }

    def test_of_a_silent_connection_have_no_loss(self) -> None:
        assert "packet_loss_ratio" not in gauges_of([FIRST], {b"1": FIRST})

    def test_of_no_connection_are_none(self) -> None:
        assert gauges_of([], {}) == {}


class TestSwitch:
    @pytest.mark.case("collector.9")
    @pytest.mark.case("collector.25")
    @pytest.mark.parametrize(("value", "is_read"), [("on", True), ("off", False)])
    def test_off_reads_no_source(
        self,
        logind: FakeLogind,
        watch: Watch,
        monkeypatch: pytest.MonkeyPatch,
        value: str,
        is_read: bool,
    ) -> None:
        monkeypatch.setattr(sessions_linux, "read_connections", lambda root, protocol: [FIRST])
        reads = spy(monkeypatch, (sessions_linux, "read_connections"))
        watch.allowed = configuration(session_network=value)
        logind.open("1", ADA, NOON - timedelta(1), service="sshd", remote=True, remote_host=CLIENT)
        logind.open("2", ADA, NOON - timedelta(1))
        watch.hear(2)

        remote, local = (one for one in watch.read() if isinstance(one, Sample))

        assert bool(reads) == is_read
        asked = [path for path, name in logind.asked if name == "RemoteHost"]
        assert asked == ([logind.path("1")] if is_read else [])
        assert remote.gauges == ({"round_trip_time_ms": 20.0} if is_read else {})
        assert remote.fields["session_protocol"] == "ssh"
        assert local.gauges == {}
