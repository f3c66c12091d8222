"""Whether a device is on a network of the company, and that nothing is read elsewhere."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest

from dex_collector import place
from dex_collector.configuration import Networks
from dex_collector.daemon import Daemon
from dex_collector.probes import connectivity_linux, executions_linux, logins_linux, users_linux
from tests.collector.conftest import FIXTURES, configuration, run
from tests.collector.fakes import FakeClock, FakeServer
from tests.collector.spying import spy

Start = Callable[..., Daemon]

LAPTOP, SERVER, SIX = (FIXTURES / name for name in ("laptop", "server", "ipv6_only"))
HERE = {"ranges": ["192.168.17.0/24"]}
ELSEWHERE = {"ranges": ["10.99.0.0/16"], "gateways": ["10.99.0.1"], "dns_suffixes": ["corp.test"]}


def networks(*ranges: str, gateways: tuple[str, ...] = (), suffixes: tuple[str, ...] = ()) -> Any:
    found = frozenset(ip_network(text) for text in ranges)
    return Networks(frozenset(gateways), found, frozenset(suffixes))


class TestComparison:
    @pytest.mark.parametrize(
        ("root", "listed", "is_there"),
        [
            (LAPTOP, networks("192.168.0.0/16"), True),
            (LAPTOP, networks("10.8.0.0/24"), True),  # by the VPN of the company
            (LAPTOP, networks(gateways=("192.168.17.1",)), True),
            (LAPTOP, networks(suffixes=("example.com",)), True),
            (SERVER, networks(suffixes=("com",)), True),
            (SIX, networks("2001:db8:42::/48"), True),
            (LAPTOP, networks("10.99.0.0/16", gateways=("192.168.17.2",)), False),
            (LAPTOP, networks(suffixes=("ample.com", "mail.example.com")), False),
            (LAPTOP, networks(), False),
        ],
    )
    def test_is_by_address_gateway_or_suffix(
        self, root: Path, listed: Networks, is_there: bool
    ) -> None:
        assert place.read_is_on_site(root, listed) is is_there

    def test_fewer_networks_are_stricter_and_others_are_not(self) -> None:
        many = replace(configuration(work_hours="on_site"), networks=networks("10.0.0.0/8", "::/0"))
        few = replace(many, networks=networks("10.0.0.0/8"))

        assert few.is_stricter_than(many)
        assert not many.is_stricter_than(few)
        assert many.is_stricter_than(configuration(work_hours="schedule"))


class TestWorkHours:
    @pytest.mark.case("privacy.25")
    def test_at_a_foreign_network_people_are_not_read_at_noon(
        self,
        start: Start,
        server: FakeServer,
        clock: FakeClock,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        server.switches["work_hours"] = "on_site"
        server.work_hours = {"on_site": ELSEWHERE}
        reads = spy(
            monkeypatch,
            (executions_linux, "read_processes"),
            (logins_linux, "read_utmp"),
            (users_linux, "read_accounts"),
            (connectivity_linux, "read_addresses"),
        )

        run(start(), clock, seconds=330, every=10)

        assert reads == []
        assert len(server.records("device_performance.events")) == 1

    def test_on_site_they_are_read_and_nothing_of_before(
        self, start: Start, server: FakeServer, clock: FakeClock, machine: Path
    ) -> None:
        server.switches["work_hours"] = "on_site"
        server.work_hours = {"on_site": HERE}
        trie = machine / "proc/net/fib_trie"
        at_work = trie.read_text()
        trie.write_text(at_work.replace("192.168.17.42", "172.16.1.5"))
        daemon = start()
        run(daemon, clock, seconds=330, every=10)
        before = str(server.bodies)

        trie.write_text(at_work)
        run(daemon, clock, seconds=1200, every=10)
        daemon.turn()

        assert "execution.events" not in before
        assert server.records("execution.events")
        assert server.parts("users")
        assert server.records("session.logins") == []  # they logged in before they came

    def test_out_of_hours_nobody_looks_where_the_device_is(
        self,
        start: Start,
        server: FakeServer,
        clock: FakeClock,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        server.switches["work_hours"] = "on_site"
        server.work_hours = {"on_site": HERE}
        clock.set_wall(datetime(2026, 3, 2, 22, 0, tzinfo=UTC))
        reads = spy(monkeypatch, (place, "read_is_on_site"))

        run(start(), clock, seconds=60, every=10)

        assert reads == []
