"""In which network the machine is, and what of that leaves it."""

import os
from collections.abc import Callable
from datetime import UTC, datetime
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest

from dex_collector import addresses, batch
from dex_collector.daemon import Daemon
from dex_collector.inventory import Part
from dex_collector.probes import (
    adapters_linux,
    connectivity_linux,
    netlink_linux,
    network_linux,
    routes_linux,
    wireless_linux,
)
from dex_collector.probes.base import Context, Lack, NoData, Sample
from tests.collector.conftest import FIXTURES, configuration, run
from tests.collector.fakes import FakeClock, FakeServer
from tests.collector.spying import spy

MakeContext = Callable[..., Context]
Start = Callable[..., Daemon]

LAPTOP, VIRTUAL, SERVER, SIX = (
    FIXTURES / name for name in ("laptop", "virtual_machine", "server", "ipv6_only")
)


def sample(context: Context) -> Sample:
    found = connectivity_linux.ConnectivityReader()(context)[0]
    assert isinstance(found, Sample)
    return found


def items(parts: list[Part]) -> list[dict[str, Any]]:
    (part,) = parts
    return list(part.items or [])


class TestConnectivity:
    @pytest.mark.case("collector.12")
    def test_of_a_laptop_on_wifi_with_a_vpn(self, make_context: MakeContext) -> None:
        found = sample(make_context(LAPTOP))

        assert found.fields == {
            "primary_physical_adapter_type": "wifi",
            "primary_physical_adapter_name": "wlp0s20f3",
            "local_ip": "192.168.17.42",
            "gateway_ip": "192.168.17.1",
            "dns_ips": ["192.168.17.1", "9.9.9.9", "fe80::1"],
            "vpn_status": "connected",
            "vpn_name": "wg0",
        }
        assert found.gauges == {"wifi_signal_strength_dbm": -52}  # the driver knows no noise

    @pytest.mark.case("collector.12")
    def test_of_a_server_is_that_of_the_hardware_below_bridge_and_bond(
        self, make_context: MakeContext
    ) -> None:
        assert sample(make_context(SERVER)).fields == {
            "primary_physical_adapter_type": "ethernet",
            "primary_physical_adapter_name": "eno2",
            "primary_physical_adapter_driver_version": "1.2.3-k",
            "local_ip": "10.20.3.4",
            "gateway_ip": "10.20.0.1",
            "dns_ips": ["10.20.0.53", "10.20.0.54"],
            "vpn_status": "disconnected",
        }

    @pytest.mark.case("collector.12")
    def test_of_a_guest(self, make_context: MakeContext) -> None:
        found = sample(make_context(VIRTUAL)).fields

        assert found["primary_physical_adapter_type"] == "ethernet"
        assert found["local_ip"] == "192.0.2.2"

    @pytest.mark.case("collector.12")
    def test_with_ipv6_only_tells_no_hardware_address(self, make_context: MakeContext) -> None:
        found = sample(make_context(SIX)).fields

        assert found["local_ip"] == "2001:db8:42:7:8d3f:1c52:77aa:9e01"
        assert found["gateway_ip"] == "fe80::"  # a router's, made of its hardware address
        assert found["dns_ips"] == ["2001:db8:42::53"]

    def test_counts_the_time_with_and_without_a_network(
        self, make_context: MakeContext, machine: Path
    ) -> None:
        reader = connectivity_linux.ConnectivityReader()
        reader(make_context(machine, monotonic=100))
        with_one = reader(make_context(machine, monotonic=130))[0]
        (machine / "proc/net/route").write_text("Iface\n")
        without = reader(make_context(machine, monotonic=160))[0]
        after_sleep = reader(make_context(machine, monotonic=4_000))[0]

        assert isinstance(with_one, Sample)
        assert isinstance(without, Sample)
        assert isinstance(after_sleep, Sample)
        assert with_one.counters == {"connected_duration_ms": 30_000, "disconnected_duration_ms": 0}
        assert without.counters == {"connected_duration_ms": 0, "disconnected_duration_ms": 30_000}
        assert without.fields == {"vpn_status": "disconnected"}
        assert after_sleep.counters == {}

    def test_says_what_it_cannot_measure(self, make_context: MakeContext) -> None:
        found = connectivity_linux.ConnectivityReader()(make_context(LAPTOP))

        assert Lack("gateway_latency.unsupported") in found

    def test_has_no_data_without_a_network(self, make_context: MakeContext, tmp_path: Path) -> None:
        with pytest.raises(NoData):
            connectivity_linux.ConnectivityReader()(make_context(tmp_path))

    @pytest.mark.parametrize(
        ("interface", "is_up", "is_connected"),
        [("wg0", True, True), ("wg0", False, False), ("elsewhere", True, False)],
    )
    def test_takes_a_vpn_for_connected_where_it_is_up_and_used(
        self, interface: str, is_up: bool, is_connected: bool
    ) -> None:
        vpn = adapters_linux.Adapter("wg0", "other", is_up, is_virtual=True, is_vpn=True)
        routes = routes_linux.parse_routes(
            f"\n{interface} 0000000A 00000000 0001 0 0 0 000000FF 0 0 0\n"
        )

        found = adapters_linux.choose_vpn(routes, [vpn], None)

        assert (found is not None) is is_connected

    def test_a_modem_by_ppp_is_no_vpn_but_the_way_out(self) -> None:
        modem = adapters_linux.Adapter("ppp0", "other", True, is_virtual=True, is_vpn=True)
        routes = routes_linux.parse_routes("\nppp0 00000000 00000000 0001 0 0 0 00000000 0 0 0\n")

        primary = adapters_linux.choose_primary(Path("/nowhere"), routes, [modem])

        assert primary is not None
        assert primary.interface == "ppp0"
        assert adapters_linux.choose_vpn(routes, [modem], primary) is None


class TestAddresses:
    @pytest.mark.parametrize(
        ("address", "on", "prefix"),
        [
            ("192.168.17.42", "192.168.17.42", "192.168.17.0"),
            ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2:3:4:5:6", "2001:db8:1::"),
            ("2001:db8:1:2:5054:ff:fe12:3456", "2001:db8:1:2::", "2001:db8:1::"),
        ],
    )
    def test_leave_as_the_switch_says(self, address: str, on: str, prefix: str) -> None:
        known = ip_address(address)

        assert addresses.shown_address(known, configuration()) == on
        assert addresses.shown_address(known, configuration(local_addresses="prefix")) == prefix
        assert addresses.shown_address(known, configuration(local_addresses="off")) is None

    def test_of_32_bits_belong_to_the_default_route(self) -> None:
        text = (
            "\nens4 00000000 0100800A 0003 0 0 100 00000000 0 0 0\n"
            "ens4 0100800A 00000000 0005 0 0 100 FFFFFFFF 0 0 0\n"
        )

        found = routes_linux.assign([ip_address("10.128.0.9")], routes_linux.parse_routes(text))  # type: ignore[list-item]

        assert {name: str(address) for name, address in found.items()} == {"ens4": "10.128.0.9"}

    def test_two_networks_in_one_bucket_are_two_rows(self) -> None:
        fields = [{"local_ip": "10.0.0.1"}, {"local_ip": "10.0.0.2"}, {"local_ip": "10.0.0.1"}]
        records: list[batch.Record] = [
            {"kind": "connectivity.events", "bucket": "b", "bucket_s": 300, "fields": one}
            | {"metrics": {"connected_duration_ms": {"sum": 1}}}
            for one in fields
        ]

        merged = batch.merge_samples(records)

        assert [r["metrics"]["connected_duration_ms"]["sum"] for r in merged] == [2, 1]


class TestWireless:
    def test_reads_link_and_names_from_the_kernel_s_answers(
        self, monkeypatch: pytest.MonkeyPatch, make_context: MakeContext
    ) -> None:
        make, four = netlink_linux.make_attributes, (5180).to_bytes(4, "little")
        rate = make({1: (6_500).to_bytes(2, "little"), 5: (12_010).to_bytes(4, "little")})
        info = make({7: b"\xca", 8: rate, 14: make({1: (4_333).to_bytes(2, "little")})})
        answers = {
            wireless_linux.GET_INTERFACE: {3: b"\3\0\0\0", 38: four, 52: "Büro".encode()},
            wireless_linux.GET_STATION: {6: bytes.fromhex("3c84c6010203"), 21: info},
        }
        monkeypatch.setattr(
            wireless_linux, "ask_kernel", lambda root, name, command: [answers[command]]
        )

        found = sample(make_context(LAPTOP, wifi_identifiers="on"))

        assert found.gauges == {
            "wifi_signal_strength_dbm": -54,
            "wifi_transmission_rate_bps": 1_201_000_000,
            "wifi_receive_rate_bps": 433_300_000,
        }
        named = {name: value for name, value in found.fields.items() if name.startswith("wifi")}
        assert named == {
            "wifi_band": "5 GHz",
            "wifi_channel": 36,
            "wifi_ssid": "Büro",
            "wifi_bssid": "3c:84:c6:01:02:03",
        }

    @pytest.mark.parametrize(
        ("mhz", "band", "channel"),
        [(2412, "2.4 GHz", 1), (2484, "2.4 GHz", 14), (5825, "5 GHz", 165), (5955, "6 GHz", 1)],
    )
    def test_knows_bands_and_channels(self, mhz: int, band: str, channel: int) -> None:
        found = wireless_linux.parse_frequency(mhz)

        assert found == {"wifi_band": band, "wifi_channel": channel}

    def test_a_scale_of_the_driver_is_no_strength(self) -> None:
        assert wireless_linux.parse_wireless("wlan0: 0000   70.  58.  0.  0\n", "wlan0") == {}


class TestNetlink:
    def test_finds_a_family_of_the_real_kernel(self) -> None:
        (found,) = netlink_linux.ask(
            "nlctrl", netlink_linux.GET_FAMILY, {2: b"nlctrl\0"}, is_dump=False
        )

        assert int.from_bytes(found[netlink_linux.FAMILY_ID], "little") == netlink_linux.CONTROLLER

    def test_ends_a_dump_of_the_real_kernel(self) -> None:
        found = netlink_linux.ask("nlctrl", netlink_linux.GET_FAMILY, {}, is_dump=True)

        assert b"nlctrl\0" in [one[netlink_linux.FAMILY_NAME] for one in found]

    def test_raises_what_the_kernel_refuses(self) -> None:
        with pytest.raises(OSError, match="No such file"):
            netlink_linux.ask("no such family", 1, {}, is_dump=False)

    @pytest.mark.parametrize("data", [b"", b"\0\0\0\0", b"\xff\xff\1\0x", os.urandom(40)])
    def test_stops_at_what_is_no_attribute(self, data: bytes) -> None:
        assert len(netlink_linux.parse_attributes(data)) <= 10


class TestNetwork:
    @pytest.mark.case("collector.12")
    def test_of_a_laptop_leaves_loopback_and_containers_out(
        self, make_context: MakeContext
    ) -> None:
        assert items(network_linux.read_network(make_context(LAPTOP))) == [
            {
                "name": "docker0",
                "type": "other",
                "is_up": False,
                "is_virtual": True,
                "address": "172.17.0.1",
            },
            {"name": "enp0s31f6", "type": "ethernet", "is_up": False, "is_virtual": False},
            {
                "name": "wg0",
                "type": "other",
                "is_up": True,
                "is_virtual": True,
                "address": "10.8.0.7",
            },
            {
                "name": "wlp0s20f3",
                "type": "wifi",
                "is_up": True,
                "is_virtual": False,
                "address": "192.168.17.42",
            },
            {"name": "wwan0", "type": "cellular", "is_up": False, "is_virtual": False},
        ]

    def test_has_the_speed_of_a_link(self, make_context: MakeContext) -> None:
        found = {
            one["name"]: one for one in items(network_linux.read_network(make_context(SERVER)))
        }

        assert found["eno1"]["speed_bps"] == 10_000_000_000
        assert "vnet3" not in found


class TestSwitches:
    @pytest.mark.case("collector.9")
    @pytest.mark.parametrize(
        ("switch", "functions"),
        [
            (
                "local_addresses",
                [
                    (connectivity_linux, "read_addresses"),
                    (connectivity_linux, "read_gateway"),
                    (connectivity_linux, "read_dns_servers"),
                    (network_linux, "read_addresses"),
                ],
            ),
            ("wifi_identifiers", [(connectivity_linux, "read_identifiers")]),
            ("vpn_status", [(connectivity_linux, "choose_vpn")]),
        ],
    )
    def test_off_is_not_read_at_all(
        self,
        start: Start,
        server: FakeServer,
        clock: FakeClock,
        monkeypatch: pytest.MonkeyPatch,
        switch: str,
        functions: list[tuple[Any, str]],
    ) -> None:
        server.switches[switch] = "off"
        reads = spy(monkeypatch, *functions)

        run(start(), clock, seconds=330, every=10)

        assert reads == []
        assert server.records("connectivity.events")

    @pytest.mark.case("collector.9")
    def test_on_is_read(self, start: Start, server: FakeServer, clock: FakeClock) -> None:
        run(start(), clock, seconds=330, every=10)

        (record,) = server.records("connectivity.events")
        assert record["fields"]["local_ip"] == "192.168.17.42"
        assert record["metrics"]["connected_duration_ms"] == {
            "sum": 270_000
        }  # its end began the next one

    def test_prefix_leaves_networks_only(self, make_context: MakeContext) -> None:
        allowed = make_context(LAPTOP, local_addresses="prefix")

        found = sample(allowed).fields

        assert (found["local_ip"], found["gateway_ip"]) == ("192.168.17.0", "192.168.17.0")
        assert found["dns_ips"] == ["192.168.17.0", "9.9.9.0", "fe80::"]
        assert "192.168.17.42" not in str(network_linux.read_network(allowed))

    @pytest.mark.case("privacy.25")
    def test_outside_work_hours_where_somebody_is_is_not_read(
        self,
        start: Start,
        server: FakeServer,
        clock: FakeClock,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        server.switches |= {"work_hours": "schedule", "wifi_identifiers": "on"}
        clock.set_wall(datetime(2026, 3, 2, 22, 0, tzinfo=UTC))
        reads = spy(
            monkeypatch,
            (connectivity_linux, "read_addresses"),
            (connectivity_linux, "read_identifiers"),
            (connectivity_linux, "choose_vpn"),
            (network_linux, "read_addresses"),
        )

        run(start(), clock, seconds=330, every=10)

        assert reads == []
        (record,) = server.records("connectivity.events")
        assert set(record["fields"]) == {
            "primary_physical_adapter_type",
            "primary_physical_adapter_name",
        }

    def test_a_hardware_address_is_never_read(
        self, start: Start, clock: FakeClock, machine: Path, server: FakeServer
    ) -> None:
        for file in (machine / "sys/class/net").glob("*/address"):
            file.unlink()
            file.mkdir()  # reading it fails the probe

        run(start(), clock, seconds=330, every=10)

        assert server.parts("network")
        assert server.records("connectivity.events")
        assert "52:54:00" not in str(server.bodies)


class TestStricterConfiguration:
    def test_narrows_what_waits_and_what_was_sent(
        self, start: Start, server: FakeServer, clock: FakeClock
    ) -> None:
        server.switches["wifi_identifiers"] = "on"
        daemon = start()
        run(daemon, clock, seconds=640, every=10)
        daemon.spool.add([connectivity()], clock.now())
        assert "192.168.17.42" in str(server.bodies)
        server.configure(local_addresses="prefix", vpn_status="off", wifi_identifiers="off")
        since = len(server.requests)

        daemon.check_in()
        daemon.spool.send_again()
        daemon.turn()

        again = str([r.json() for r in server.requests[since:] if r.path == "events"])
        assert "connectivity.events" in again
        assert "192.168.17.0" in again
        assert "192.168.17.42" not in again
        assert "vpn" not in again.replace("vpn_by_policy", "")
        assert "Ada's home" not in again

    def test_leaves_no_address_where_none_is_allowed(
        self, start: Start, server: FakeServer, clock: FakeClock
    ) -> None:
        daemon = start()
        daemon.step()
        daemon.spool.add([connectivity()], clock.now())
        server.configure(local_addresses="off")

        daemon.check_in()
        daemon.turn()

        rows = [r for r in server.records("connectivity.events") if "wifi_ssid" in r["fields"]]
        assert [set(row["fields"]) for row in rows] == [{"wifi_ssid", "vpn_status", "vpn_name"}]


def connectivity() -> batch.Record:
    """Return a waiting record with everything that a switch governs."""
    return {
        "kind": "connectivity.events",
        "bucket": "2026-03-02T11:00:00.000Z",
        "bucket_s": 300,
        "fields": {
            "local_ip": "192.168.17.42",
            "gateway_ip": "192.168.17.1",
            "dns_ips": ["192.168.17.1"],
            "wifi_ssid": "Ada's home",
            "vpn_status": "connected",
            "vpn_name": "wg0",
        },
        "metrics": {"connected_duration_ms": {"sum": 1}},
    }
