"""What a narrowing takes from the tables of devices, asked for by an administrator."""

from typing import Any

import pytest

from apps.accounts.models import Account
from apps.collectors.choices import Level
from apps.collectors.services import deletion, jobs
from apps.devices.models import (
    ConnectivityDaily,
    ConnectivitySample,
    Device,
    DeviceChange,
    Display,
)
from apps.events import rollups
from tests.conftest import NOW
from tests.factories.collectors import Machine, configure, connectivity, make_machine
from tests.factories.inventory import HARDWARE, INVENTORY, OPERATING_SYSTEM, part

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fixed_clock")]


@pytest.fixture
def machine(db: None, fixed_clock: Any) -> Machine:
    """Return a machine that told everything, and then everything anew."""
    configure(wifi_identifiers="on")
    machine = make_machine()
    machine.send(inventory=INVENTORY)
    path = "CN=ada-new,OU=Laptops,DC=corp"
    system = OPERATING_SYSTEM | {"host_name": "ada-new", "distinguished_name": path}
    hardware = HARDWARE | {"machine_serial_number": "SER-NEW", "model": "T14"}
    network = {"wifi_ssid": "Zorros WLAN", "vpn_status": "connected", "local_ip": "10.1.2.3"}
    answer = machine.send(
        connectivity("2026-03-01T10:00:00Z", **network),
        connectivity(**network),
        inventory=[part("operating_system", system), part("hardware", hardware)],
    )
    assert answer.json()["refused"] == []
    rollups.roll_up_dirty()
    return machine


def delete(actor: Account, switch: str) -> None:
    """Delete what a switch let in, as the task does."""
    parameters = {"level": Level.INSTANCE, "entity": None, "device": None, "switches": [switch]}
    jobs.start(kind=deletion.KIND, parameters=parameters, actor=actor, now=NOW)
    jobs.run_open()


class TestDeletion:
    @pytest.mark.parametrize(
        ("switch", "column"),
        [
            ("wifi_identifiers", "wifi_ssid"),
            ("vpn_status", "vpn_status"),
            ("local_addresses", "local_ip"),
        ],
    )
    def test_takes_networks_out_of_samples_and_days(
        self, ada: Account, machine: Machine, switch: str, column: str
    ) -> None:
        off: dict[str, Any] = {"wifi_identifiers": "on", switch: "off"}
        configure(**off)

        delete(ada, switch)

        assert set(ConnectivitySample.objects.values_list(column, flat=True)) == {None}
        assert ConnectivityDaily.objects.values_list(column, flat=True).get() is None
        assert ConnectivityDaily.objects.get().connected_duration_ms_sum == 300_000

    def test_takes_serials_out_of_lists_and_changes(self, ada: Account, machine: Machine) -> None:
        configure(serial_numbers="off")

        delete(ada, "serial_numbers")

        assert Display.objects.get().serial_number == ""
        assert Device.objects.get().hardware_machine_serial_number == ""
        items = set(DeviceChange.objects.values_list("item", flat=True))
        assert items == {"hardware_model", "name"}

    def test_takes_names_that_are_clear(self, ada: Account, machine: Machine) -> None:
        configure(device_name="hashed")

        delete(ada, "device_name")

        device = Device.objects.get()
        assert (device.name, device.distinguished_name) == ("", "")
        assert not DeviceChange.objects.filter(item="name").exists()

    def test_leaves_names_that_are_hashed(self, ada: Account, machine: Machine) -> None:
        configure(device_name="hashed")
        hashed = "h:" + "0" * 32
        machine.send(inventory=[part("operating_system", OPERATING_SYSTEM | {"host_name": hashed})])

        delete(ada, "device_name")

        assert Device.objects.get().name == hashed

    def test_leaves_what_is_still_collected(self, ada: Account, machine: Machine) -> None:
        delete(ada, "device_name")
        delete(ada, "serial_numbers")

        assert Device.objects.get().name == "ada-new"
        assert DeviceChange.objects.count() == 3
