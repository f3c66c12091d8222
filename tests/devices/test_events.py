"""Sleeps, crashes, hard resets and networks, as collectors tell them."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from apps.collectors.models import RefusalCount
from apps.devices.models import (
    ConnectivityDaily,
    ConnectivitySample,
    DeviceChange,
    HardReset,
    Sleep,
    SystemCrash,
)
from apps.events import rollups
from tests.conftest import NOW
from tests.factories.collectors import (
    Machine,
    configure,
    connectivity,
    device_of,
    make_machine,
    stop,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fixed_clock")]

NETWORK: dict[str, Any] = {
    "primary_physical_adapter_type": "wifi",
    "primary_physical_adapter_name": "wlan0",
    "primary_physical_adapter_driver_version": "22.250.1",
    "wifi_band": "5 GHz",
    "wifi_channel": 36,
    "wifi_ssid": "Home of Ada",
    "wifi_bssid": "00:11:22:33:44:55",
    "local_ip": "192.168.17.42",
    "gateway_ip": "192.168.17.1",
    "dns_ips": ["192.168.17.1", "2001:db8::53"],
    "vpn_status": "connected",
    "vpn_name": "tun0",
}


@pytest.fixture
def machine(db: None, fixed_clock: Any) -> Machine:
    """Return an enrolled machine."""
    return make_machine()


def sent(machine: Machine, *events: dict[str, Any]) -> Any:
    """Send events of which none is refused."""
    answer = machine.send(*events).json()
    assert answer["refused"] == []
    return answer


class TestStops:
    def test_are_kept(self, machine: Machine) -> None:
        sent(
            machine,
            stop("sleeps", duration_ms=60_000),
            stop("system_crashes", error_code=0xEF, label="CRITICAL_PROCESS_DIED"),
            stop("hard_resets"),
        )

        crash = SystemCrash.objects.get()
        assert (crash.error_code, crash.error_code_hexadecimal) == (239, "0x000000EF")
        assert crash.label == "CRITICAL_PROCESS_DIED"
        assert Sleep.objects.get().duration_ms == 60_000
        assert HardReset.objects.get().number_of_hard_resets == 1

    @pytest.mark.case("data-model.9")
    @pytest.mark.parametrize(
        ("record", "pointer"),
        [
            (stop("sleeps", duration_ms=-1), "/events/0/fields/duration_ms"),
            (stop("system_crashes", label="Ada pulled the plug"), "/events/0/fields/label"),
            (stop("system_crashes", error_code=2**63), "/events/0/fields/error_code"),
            (stop("sleeps", occurred_at="2026-03-09T11:00:00Z"), "/events/0/occurred_at"),
            (connectivity(wifi_bssid="ada"), "/events/0/fields/wifi_bssid"),
            (connectivity(vpn_status="half"), "/events/0/fields/vpn_status"),
        ],
    )
    def test_with_an_impossible_value_are_refused_alone(
        self, machine: Machine, record: dict[str, Any], pointer: str
    ) -> None:
        answer = machine.send(record, stop("hard_resets")).json()

        assert [refusal["pointer"] for refusal in answer["refused"]] == [pointer]
        assert HardReset.objects.count() == 1


class TestConnectivity:
    def test_keeps_a_bucket(self, machine: Machine) -> None:
        configure(wifi_identifiers="on")

        sent(machine, connectivity(**NETWORK))

        row = ConnectivitySample.objects.get()
        assert {name: getattr(row, name) for name in NETWORK} == NETWORK
        assert row.primary_physical_adapter_driver_version_key == [22, 250, 1]
        assert (row.wifi_signal_strength_dbm_min, row.wifi_signal_strength_dbm_max) == (-65, -55)

    @pytest.mark.case("data-model.16")
    @pytest.mark.parametrize("address", ["300.1.1.1", "ada", "fe80::1%eth0"])
    def test_refuses_what_is_no_address(self, machine: Machine, address: str) -> None:
        answer = machine.send(connectivity(local_ip=address), connectivity()).json()

        assert [refusal["index"] for refusal in answer["refused"]] == [0]
        assert ConnectivitySample.objects.count() == 1

    @pytest.mark.case("data-model.5")
    @pytest.mark.parametrize(
        ("switch", "value", "emptied", "number"),
        [
            ("wifi_identifiers", "off", ["wifi_ssid", "wifi_bssid"], 2),
            ("local_addresses", "off", ["local_ip", "gateway_ip", "dns_ips"], 3),
            ("vpn_status", "off", ["vpn_status", "vpn_name"], 2),
        ],
    )
    def test_drops_what_a_switch_forbids(
        self, machine: Machine, switch: str, value: str, emptied: list[str], number: int
    ) -> None:
        switches: dict[str, Any] = {"wifi_identifiers": "on", switch: value}
        configure(**switches)

        answer = sent(machine, connectivity(**NETWORK))

        row = ConnectivitySample.objects.get()
        assert [name for name in NETWORK if getattr(row, name) is None] == emptied
        assert answer["dropped_by_configuration"] == number
        assert RefusalCount.objects.get(code=switch).number == number

    @pytest.mark.case("data-model.5")
    def test_reduces_addresses_to_their_networks(self, machine: Machine) -> None:
        configure(local_addresses="prefix")

        answer = sent(machine, connectivity(**NETWORK | {"dns_ips": ["10.1.2.3", "10.1.2.4"]}))

        row = ConnectivitySample.objects.get()
        assert (row.local_ip, row.gateway_ip) == ("192.168.17.0", "192.168.17.0")
        assert row.dns_ips == ["10.1.2.0"]
        assert answer["dropped_by_configuration"] == 5  # with both names of the Wi-Fi

    @pytest.mark.parametrize("value", ["on", "prefix", "off"])
    def test_counts_no_list_of_addresses_that_is_empty(self, machine: Machine, value: str) -> None:
        configure(local_addresses=value)

        answer = sent(machine, connectivity(dns_ips=[]))

        assert answer["dropped_by_configuration"] == 0
        assert not ConnectivitySample.objects.get().dns_ips

    def test_brings_the_last_network_forward(self, machine: Machine) -> None:
        sent(machine, connectivity("2026-03-02T11:50:00Z", **NETWORK))
        sent(machine, connectivity("2026-03-02T10:50:00Z", vpn_status="unknown"))

        device = device_of(machine)
        assert device.connectivity_last_connectivity_type == "wifi"
        assert device.connectivity_last_vpn_status == "connected"
        assert device.collector_local_ip == "192.168.17.42"

    def test_leaves_the_device_alone_while_the_network_is_the_same(self, machine: Machine) -> None:
        sent(machine, connectivity("2026-03-02T11:50:00Z", **NETWORK))
        sent(machine, connectivity("2026-03-02T11:55:00Z", **NETWORK))

        assert device_of(machine).connectivity_told_at == NOW.replace(hour=11, minute=50)

    @pytest.mark.case("data-model.5")
    def test_forgets_of_the_last_network_what_is_forbidden(self, machine: Machine) -> None:
        sent(machine, connectivity("2026-03-02T11:50:00Z", **NETWORK))
        configure(vpn_status="off", local_addresses="off")

        sent(machine, connectivity("2026-03-02T11:55:00Z", **NETWORK))

        device = device_of(machine)
        assert device.connectivity_last_connectivity_type == "wifi"
        assert device.connectivity_last_vpn_status == ""
        assert device.collector_local_ip is None

    @pytest.mark.case("data-model.3")
    def test_is_rolled_up_without_addresses_in_the_key(self, machine: Machine) -> None:
        configure(wifi_identifiers="on")
        office = NETWORK | {"wifi_ssid": "Office"}
        sent(
            machine,
            connectivity("2026-03-01T08:00:00Z", **NETWORK),
            connectivity("2026-03-01T09:00:00Z", **NETWORK | {"local_ip": "192.168.17.99"}),
            connectivity("2026-03-01T10:00:00Z", **office),
        )

        rollups.roll_up_dirty(before=NOW + timedelta(days=1))

        rows = {row.wifi_ssid: row for row in ConnectivityDaily.objects.all()}
        assert set(rows) == {"Home of Ada", "Office"}
        home = rows["Home of Ada"]
        assert home.local_ip == "192.168.17.99"
        assert (home.connected_duration_ms_sum, home.connected_duration_ms_count) == (600_000, 2)
        assert (home.wifi_signal_strength_dbm_sum, home.wifi_signal_strength_dbm_min) == (
            -1_200,
            -65,
        )

    @pytest.mark.case("data-model.4")
    def test_of_one_key_twice_adds_up(self, machine: Machine) -> None:
        sent(machine, connectivity("2026-03-01T08:00:00Z", **NETWORK))
        sent(machine, connectivity("2026-03-01T08:00:00Z", **NETWORK))

        rollups.roll_up_dirty(before=NOW + timedelta(days=1))

        assert ConnectivityDaily.objects.get().connected_duration_ms_sum == 600_000


class TestChanges:
    def test_cannot_be_sent(self, machine: Machine) -> None:
        record = {"kind": "device.changes", "occurred_at": "2026-03-02T11:00:00Z", "fields": {}}

        answer = machine.send(record, stop("hard_resets")).json()

        assert [refusal["code"] for refusal in answer["refused"]] == ["unknown_kind"]
        assert HardReset.objects.get().occurred_at == datetime(2026, 3, 2, 11, tzinfo=UTC)
        assert DeviceChange.objects.count() == 0
