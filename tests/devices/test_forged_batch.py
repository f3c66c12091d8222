"""One forged batch that carries everything that is switched off, and leaves no trace."""

from typing import Any

import pytest

from apps.collectors.models import RefusalCount
from apps.devices.models import ConnectivitySample, NetworkAdapter
from tests.factories.collectors import Machine, boot, configure, connectivity, make_machine, stop
from tests.factories.inventory import (
    DISKS,
    HARDWARE,
    INVENTORY,
    MONITORS,
    OPERATING_SYSTEM,
    part,
)
from tests.scan import tables_with

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fixed_clock")]

SECRETS = (
    "zorro",  # who uses it
    "zorro-laptop",  # its name
    "ZSERIAL",  # serial numbers
    "Zorros WLAN",
    "0a:0b:0c:0d:0e:0f",
    "10.99.88.77",  # addresses
    "10.99.88.1",
    "2001:db8:99:88::77",
    "disconnected",  # of the VPN
    "zorrovpn",
)
OFF: dict[str, Any] = {
    "username": "hashed",
    "device_name": "hashed",
    "serial_numbers": "off",
    "local_admins": "off",
    "local_addresses": "off",
    "wifi_identifiers": "off",
    "vpn_status": "off",
    "public_ip_location": "none",
}


def forged_inventory() -> list[dict[str, Any]]:
    """Return the inventory of a sender that ignores its configuration."""
    serials = {
        f"{name}_serial_number": f"ZSERIAL-{name}" for name in ("bios", "chassis", "machine")
    }
    system = {
        "host_name": "zorro-laptop",
        "distinguished_name": "CN=zorro-laptop,OU=Laptops,DC=corp",
    }
    stick = {"name": "SYSTEM", "mount_point": "/media/zorro/STICK"}
    return [
        part("hardware", HARDWARE | serials),
        part("operating_system", OPERATING_SYSTEM | system),
        part("disks", [DISKS[0] | {"serial_number": "ZSERIAL-disk"}]),
        part("monitors", [MONITORS[0] | {"serial_number": "ZSERIAL-monitor"}]),
        part("volumes", [stick]),
        part("network", [{"name": "eth0", "address": "10.99.88.77"}]),
        part("local_admins", [{"name": "CORP\\zorro"}, {"name": "zorro-laptop\\zorro"}]),
    ]


def forged_events() -> list[dict[str, Any]]:
    """Return events of the same sender."""
    return [
        connectivity(
            primary_physical_adapter_type="wifi",
            wifi_ssid="Zorros WLAN",
            wifi_bssid="0a:0b:0c:0d:0e:0f",
            local_ip="10.99.88.77",
            gateway_ip="10.99.88.1",
            dns_ips=["10.99.88.1", "2001:db8:99:88::77"],
            vpn_status="disconnected",
            vpn_name="zorrovpn",
        ),
        stop("system_crashes", error_code=1),
        boot(),
    ]


@pytest.fixture
def machine(db: None, fixed_clock: Any) -> Machine:
    """Return a machine that is enrolled while next to nothing may be collected."""
    configure(**OFF)
    return make_machine(host_name="h:" + "0" * 32)


@pytest.mark.case("data-model.5")
@pytest.mark.parametrize("secret", SECRETS)
def test_leaves_no_trace(machine: Machine, secret: str) -> None:
    machine.send(*forged_events(), inventory=INVENTORY)
    answer = machine.send(*forged_events(), inventory=forged_inventory()).json()

    assert answer["refused"] == []
    assert tables_with(secret) == []


@pytest.mark.case("data-model.5")
def test_is_found_where_all_is_allowed(machine: Machine) -> None:
    configure(wifi_identifiers="on")

    machine.send(*forged_events(), inventory=forged_inventory())

    assert [secret for secret in SECRETS if not tables_with(secret)] == []


@pytest.mark.case("data-model.5")
def test_is_counted_by_switch(machine: Machine) -> None:
    machine.send(*forged_events(), inventory=forged_inventory())

    counted = {(row.kind, row.code): row.number for row in RefusalCount.objects.all()}
    assert counted == {
        ("connectivity.events", "local_addresses"): 3,
        ("connectivity.events", "vpn_status"): 2,
        ("connectivity.events", "wifi_identifiers"): 2,
        ("inventory.disks", "serial_numbers"): 1,
        ("inventory.hardware", "serial_numbers"): 3,
        ("inventory.local_admins", "local_admins"): 1,
        ("inventory.monitors", "serial_numbers"): 1,
        ("inventory.network", "local_addresses"): 1,
        ("inventory.operating_system", "device_name"): 2,
        ("inventory.volumes", "username"): 1,
    }


@pytest.mark.case("data-model.5")
def test_leaves_what_has_no_switch(machine: Machine) -> None:
    machine.send(*forged_events(), inventory=forged_inventory())

    assert ConnectivitySample.objects.get().wifi_signal_strength_dbm_count == 10
    assert NetworkAdapter.objects.get().name == "eth0"
