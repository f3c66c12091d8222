"""NetworkManager and systemd-resolved, played on a private bus, for a laptop on Wi-Fi."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from dex_collector.probes import connectivity_linux
from dex_collector.probes.base import Context, Lack, Output, Sample
from dex_collector.probes.connectivity_linux import ConnectivityReader
from dex_collector.probes.network_services_linux import NetworkServices
from tests.fakes.bus import PrivateBus, wait_for
from tests.fakes.network_manager import FakeNetworkManager, FakeResolved

MakeContext = Callable[..., Context]
NAMES = {"Ssid", "HwAddress"}


@pytest.fixture
def manager(bus: PrivateBus) -> FakeNetworkManager:
    return FakeNetworkManager(bus.address)


def sample(outputs: list[Output]) -> Sample:
    (found,) = (one for one in outputs if isinstance(one, Sample))
    return found


def asked(manager: FakeNetworkManager) -> set[str]:
    return {name for _, name in manager.asked}


class TestWifi:
    @pytest.mark.case("collector.11")
    @pytest.mark.case("collector.9")
    def test_has_no_name_without_the_switch(
        self, manager: FakeNetworkManager, bus_machine: Path, make_context: MakeContext
    ) -> None:
        found = sample(ConnectivityReader()(make_context(bus_machine, wifi_identifiers="off")))

        assert not set(found.fields) & {"wifi_ssid", "wifi_bssid"}
        assert not asked(manager) & NAMES

    @pytest.mark.case("collector.11")
    def test_has_its_names_with_the_switch(
        self, manager: FakeNetworkManager, bus_machine: Path, make_context: MakeContext
    ) -> None:
        found = sample(ConnectivityReader()(make_context(bus_machine, wifi_identifiers="on")))

        assert found.fields["wifi_ssid"] == "Büro"
        assert found.fields["wifi_bssid"] == "3c:84:c6:01:02:03"
        assert asked(manager) >= NAMES

    def test_is_as_strong_as_the_kernel_says(
        self, manager: FakeNetworkManager, bus_machine: Path, make_context: MakeContext
    ) -> None:
        found = sample(ConnectivityReader()(make_context(bus_machine)))

        assert found.gauges["wifi_signal_strength_dbm"] == -52
        assert "Strength" not in asked(manager)

    def test_is_else_as_strong_as_networkmanager_says(
        self, manager: FakeNetworkManager, bus_machine: Path, make_context: MakeContext
    ) -> None:
        (bus_machine / "proc/net/wireless").unlink()

        found = sample(ConnectivityReader()(make_context(bus_machine)))

        assert found.gauges["wifi_signal_strength_dbm"] == -55
        assert not asked(manager) & NAMES

    def test_without_a_link_has_nothing(
        self, manager: FakeNetworkManager, bus_machine: Path
    ) -> None:
        manager.leave_access_point()
        services = NetworkServices()

        assert services.identifiers(bus_machine, "wlp0s20f3") is None
        assert services.signal_dbm(bus_machine, "wlp0s20f3") is None

    def test_is_asked_for_where_the_manager_is_missing(
        self,
        bus: PrivateBus,
        bus_machine: Path,
        make_context: MakeContext,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        names = {"wifi_ssid": "by the kernel"}
        monkeypatch.setattr(connectivity_linux, "read_identifiers", lambda root, name: names)

        found = sample(ConnectivityReader()(make_context(bus_machine, wifi_identifiers="on")))

        assert found.fields["wifi_ssid"] == "by the kernel"


class TestVpn:
    @pytest.mark.parametrize(
        ("type_", "state", "status"),
        [
            ("vpn", 2, "connected"),
            ("wireguard", 2, "connected"),
            ("vpn", 1, "disconnected"),
            ("802-11-wireless", 2, "disconnected"),
        ],
    )
    def test_without_an_adapter_is_seen_but_not_named(
        self,
        manager: FakeNetworkManager,
        bus_machine: Path,
        make_context: MakeContext,
        type_: str,
        state: int,
        status: str,
    ) -> None:
        shutil.rmtree(bus_machine / "sys/class/net/wg0")
        manager.activate(type_, state)

        outputs = ConnectivityReader()(make_context(bus_machine))

        assert sample(outputs).fields["vpn_status"] == status
        assert "vpn_name" not in sample(outputs).fields
        assert "Id" not in asked(manager)
        assert Lack("vpn_by_policy.unsupported") not in outputs

    @pytest.mark.case("collector.9")
    def test_is_not_asked_for_without_the_switch(
        self, manager: FakeNetworkManager, bus_machine: Path, make_context: MakeContext
    ) -> None:
        manager.activate("vpn")

        found = sample(ConnectivityReader()(make_context(bus_machine, vpn_status="off")))

        assert "vpn_status" not in found.fields
        assert "ActiveConnections" not in asked(manager)


class TestDnsServers:
    def test_are_those_of_the_resolver(
        self, bus: PrivateBus, bus_machine: Path, make_context: MakeContext
    ) -> None:
        FakeResolved(bus.address, "192.0.2.53", "2001:db8::53", "192.0.2.53")

        found = sample(ConnectivityReader()(make_context(bus_machine)))

        assert found.fields["dns_ips"] == ["192.0.2.53", "2001:db8::53"]

    @pytest.mark.case("collector.9")
    def test_are_not_asked_for_without_the_switch(
        self, bus: PrivateBus, bus_machine: Path, make_context: MakeContext
    ) -> None:
        resolved = FakeResolved(bus.address, "192.0.2.53")

        ConnectivityReader()(make_context(bus_machine, local_addresses="off"))

        assert resolved.asked == []

    def test_come_back_after_the_bus_was_lost(self, bus: PrivateBus, bus_machine: Path) -> None:
        FakeResolved(bus.address, "192.0.2.53")
        services = NetworkServices()
        services.dns_servers(bus_machine)
        bus.stop()
        wait_for(lambda: not services._bus.is_open)
        between = services.dns_servers(bus_machine)
        bus.start()
        FakeResolved(bus.address, "192.0.2.54")

        found = services.dns_servers(bus_machine)

        assert between is None
        assert list(map(str, found or [])) == ["192.0.2.54"]
