"""Every switch: off, its source is not read at all; on, it is, or the test would show nothing."""

from collections.abc import Callable
from types import ModuleType

import pytest

from dex_collector import users
from dex_collector.configuration import SWITCHES
from dex_collector.daemon import Daemon
from dex_collector.probes import (
    connections_linux,
    connectivity_linux,
    disks_linux,
    executions_linux,
    hardware_linux,
    local_admins_linux,
    logins_linux,
    packages_linux,
    users_linux,
)
from tests.collector.conftest import run
from tests.collector.fakes import FakeClock, FakeServer
from tests.collector.spying import spy

Start = Callable[..., Daemon]
# Switch, the values that let in and keep out, and what reads its source.
SOURCES: list[tuple[str, str, str, ModuleType, str]] = [
    ("username", "clear", "none", users, "read_account_names"),
    ("wifi_identifiers", "on", "off", connectivity_linux, "read_identifiers"),
    ("local_addresses", "on", "off", connectivity_linux, "read_gateway"),
    ("local_addresses", "on", "off", connectivity_linux, "read_dns_servers"),
    ("vpn_status", "on", "off", connectivity_linux, "choose_vpn"),
    ("network_connections", "all", "off", connections_linux, "list_sockets"),
    ("serial_numbers", "on", "off", hardware_linux, "read_serial_numbers"),
    ("serial_numbers", "on", "off", disks_linux, "read_serial_number"),
    ("local_admins", "on", "off", local_admins_linux, "read_grants"),
    ("user_groups", "all", "off", users_linux, "read_groups"),
    ("session_events", "all", "off", logins_linux, "read_utmp"),
    ("packages", "on", "off", packages_linux, "read_dpkg"),
    ("executions", "on", "off", executions_linux, "read_processes"),
]
# Their sources are those of a bus or of a session: shown where those are played.
PLAYED = {"user_activity", "session_network"}
# They decide in which form something is told, not whether a source is read, or when.
FORMS = {"device_name", "binary_paths", "work_hours", "pause"}
# Nothing here reads a source for them: said as unsupported, built later, or read by the server.
UNREAD = {
    "upn", "focus_time", "destination_domains", "virtual_session_metrics", "web", "campaigns",
    "remote_actions", "call_participants", "public_ip_location",
}  # fmt: skip


class TestEverySwitch:
    @pytest.mark.case("collector.9")
    def test_is_in_one_of_the_lists(self) -> None:
        read = {switch for switch, *_ in SOURCES}

        assert read | PLAYED | FORMS | UNREAD == set(SWITCHES)
        assert len(read) + len(PLAYED) + len(FORMS) + len(UNREAD) == len(SWITCHES)

    @pytest.mark.case("collector.9")
    @pytest.mark.parametrize(("switch", "on", "off", "module", "function"), SOURCES)
    @pytest.mark.parametrize("is_on", [True, False], ids=["on", "off"])
    def test_decides_whether_its_source_is_read(
        self,
        start: Start,
        server: FakeServer,
        clock: FakeClock,
        monkeypatch: pytest.MonkeyPatch,
        switch: str,
        on: str,
        off: str,
        module: ModuleType,
        function: str,
        is_on: bool,
    ) -> None:
        server.switches[switch] = on if is_on else off
        reads = spy(monkeypatch, (module, function))

        run(start(), clock, seconds=40, every=10)

        assert server.bodies
        assert bool(reads) is is_on
