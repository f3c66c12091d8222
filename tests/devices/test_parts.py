"""Inventory parts with lists: replaced whole, and bounded by the switches."""

from typing import Any

import pytest

from apps.devices.models import (
    Antivirus,
    Battery,
    Cpu,
    Device,
    Display,
    Firewall,
    Gpu,
    InventoryPart,
    LocalAdmin,
    MemoryModule,
    NetworkAdapter,
)
from tests.factories.collectors import Machine, configure, device_of, make_machine
from tests.factories.inventory import (
    HARDWARE,
    INVENTORY,
    LOCAL_ADMINS,
    MONITORS,
    NETWORK,
    OPERATING_SYSTEM,
    part,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fixed_clock")]

HASHED = "h:" + "5" * 32


@pytest.fixture
def machine(db: None, fixed_clock: Any) -> Machine:
    """Return an enrolled machine."""
    return make_machine()


def dropped(response: Any) -> int:
    """Return how many values the configuration took."""
    assert response.json()["refused"] == []
    return int(response.json()["dropped_by_configuration"])


class TestLists:
    def test_hold_what_the_device_told(self, machine: Machine) -> None:
        assert dropped(machine.send(inventory=INVENTORY)) == 0

        assert Antivirus.objects.get().version_key == [1, 4, 3]
        assert Firewall.objects.get().real_time_protection == "enabled"
        assert Cpu.objects.get().number_of_logical_processors == 12
        assert Gpu.objects.get().driver_version_key == [24, 2, 8]
        assert MemoryModule.objects.get().speed_mhz == 4_800
        assert Battery.objects.get().design_capacity == 57.0
        assert Display.objects.get().serial_number == "MON-4711"
        assert set(LocalAdmin.objects.values_list("name", flat=True)) == {"a.rossi@CORP", "sudo"}
        assert set(NetworkAdapter.objects.values_list("name", "address")) == {
            ("wlp0s20f3", "192.168.17.42"),
            ("docker0", "172.17.0.1"),
        }

    def test_tell_facts_of_the_device(self, machine: Machine) -> None:
        machine.send(inventory=INVENTORY)

        device = device_of(machine)
        assert device.battery_health_ratio == pytest.approx(0.8)
        assert device.battery_cycle_count == 312
        assert device.user_account_control_status == "not_applicable"
        assert device.collector_capabilities == ["gpu_usage.unsupported"]
        assert device.collector_local_restrictions == ["focus_time"]

    def test_are_emptied_by_a_report_without_them(self, machine: Machine) -> None:
        machine.send(inventory=INVENTORY)

        machine.send(
            inventory=[
                part("hardware", {"type": "laptop"}),
                part("security", {}),
                part("monitors", []),
                part("network", []),
            ]
        )

        lists = (Antivirus, Firewall, Cpu, Gpu, MemoryModule, Battery, Display, NetworkAdapter)
        assert [model.objects.count() for model in lists] == [0] * len(lists)
        assert device_of(machine).battery_health_ratio is None

    def test_keep_their_rows_where_nothing_changed(self, machine: Machine) -> None:
        machine.send(inventory=INVENTORY)
        before = list(NetworkAdapter.objects.values_list("pk", flat=True))

        machine.send(inventory=[part("network", NETWORK)])
        after = list(NetworkAdapter.objects.values_list("pk", flat=True))
        machine.send(inventory=[part("network", NETWORK[:1])])

        assert before == after
        assert NetworkAdapter.objects.get().name == NETWORK[0]["name"]

    @pytest.mark.parametrize(("full", "new"), [(9.0, 1e-300), (5.0, 0.0), (5.0, 1.0)])
    def test_tell_no_health_from_capacities_that_are_none(
        self, machine: Machine, full: float, new: float
    ) -> None:
        battery = {"full_capacity": full, "design_capacity": new}

        response = machine.send(inventory=[part("hardware", {"batteries": [battery, battery]})])

        assert response.json()["refused"] == []
        assert device_of(machine).battery_health_ratio is None

    def test_leave_other_devices_alone(self, machine: Machine) -> None:
        make_machine().send(inventory=INVENTORY)

        machine.send(inventory=[part("hardware", {}), part("security", {}), part("monitors", [])])

        assert (Cpu.objects.count(), Antivirus.objects.count(), Display.objects.count()) == (
            1,
            1,
            1,
        )

    @pytest.mark.case("data-model.9")
    @pytest.mark.parametrize(
        ("name", "content", "pointer"),
        [
            ("hardware", {"cpus": [{"number_of_cores": -1}]}, "fields/cpus/0/number_of_cores"),
            ("hardware", {"batteries": [{"design_capacity": -1.0}]}, "fields/batteries/0"),
            ("security", {"firewalls": [{"real_time_protection": "half"}]}, "fields/firewalls/0"),
            ("monitors", [{"resolution": "big"}], "items/0/resolution"),
            ("network", [{"type": "tin_can"}], "items/0/type"),
            ("network", [{"mac": "00:11:22:33:44:55"}], "items/0"),
            ("local_admins", [{"name": "CORP\\ada", "type": "king"}], "items/0/type"),
            ("collector", {"capabilities": ["A sentence by Ada."]}, "fields/capabilities/0"),
            ("operating_system", {"platform": "linux", "sid": "ada"}, "fields/sid"),
        ],
    )
    def test_with_an_impossible_value_are_refused_alone(
        self, machine: Machine, name: str, content: Any, pointer: str
    ) -> None:
        response = machine.send(inventory=[part(name, content), part("disks", [])])

        [refusal] = response.json()["refused"]
        assert refusal["code"] in ("invalid", "unknown_field")
        assert refusal["pointer"].startswith(f"/inventory/0/{pointer}")
        assert InventoryPart.objects.get().part == "disks"

    @pytest.mark.case("data-model.16")
    @pytest.mark.parametrize("address", ["300.1.1.1", "ada", "fe80::1%eth0", "10.0.0.0/8"])
    def test_with_what_postgresql_refuses_are_refused_alone(
        self, machine: Machine, address: str
    ) -> None:
        response = machine.send(
            inventory=[part("network", [{"address": address}]), part("monitors", MONITORS)]
        )

        [refusal] = response.json()["refused"]
        assert refusal["pointer"].startswith("/inventory/0")
        assert NetworkAdapter.objects.count() == 0
        assert Display.objects.count() == 1


class TestAddressSwitch:
    @pytest.mark.case("data-model.5")
    @pytest.mark.parametrize(
        ("value", "sent", "stored", "number"),
        [
            ("prefix", "192.168.17.42", "192.168.17.0", 1),
            ("prefix", "2001:db8:1:2::7", "2001:db8:1::", 1),
            ("prefix", "::ffff:192.168.17.42", "192.168.17.0", 1),
            ("prefix", "192.168.17.0", "192.168.17.0", 0),
            ("off", "192.168.17.42", None, 1),
        ],
    )
    def test_leaves_the_network_or_nothing(
        self, machine: Machine, value: str, sent: str, stored: str | None, number: int
    ) -> None:
        configure(local_addresses=value)

        response = machine.send(inventory=[part("network", [{"address": sent}])])

        assert NetworkAdapter.objects.get().address == stored
        assert dropped(response) == number

    @pytest.mark.case("data-model.5")
    def test_empties_what_was_told_before(self, machine: Machine) -> None:
        machine.send(inventory=[part("network", NETWORK)])
        configure(local_addresses="off")

        machine.send(inventory=[part("network", NETWORK)])

        assert set(NetworkAdapter.objects.values_list("address", flat=True)) == {None}


class TestSerialSwitch:
    @pytest.mark.case("data-model.5")
    def test_takes_the_serial_of_a_monitor(self, machine: Machine) -> None:
        configure(serial_numbers="off")

        response = machine.send(inventory=[part("monitors", MONITORS)])

        assert Display.objects.get().serial_number == ""
        assert dropped(response) == 1


class TestLocalAdminSwitch:
    @pytest.mark.case("data-model.5")
    def test_takes_the_whole_list(self, machine: Machine) -> None:
        configure(local_admins="off")

        response = machine.send(inventory=[part("local_admins", LOCAL_ADMINS)])

        assert LocalAdmin.objects.count() == 0
        assert dropped(response) == 1

    @pytest.mark.case("data-model.5")
    def test_empties_what_was_told_before(self, machine: Machine) -> None:
        machine.send(inventory=[part("local_admins", LOCAL_ADMINS)])
        configure(local_admins="off")

        machine.send(inventory=[part("hardware", HARDWARE)])

        assert LocalAdmin.objects.count() == 0
        assert not InventoryPart.objects.filter(part="local_admins").exists()

    @pytest.mark.case("data-model.5")
    @pytest.mark.parametrize(
        ("username", "kept", "number"),
        [("hashed", 2, 1), ("none", 1, 2)],
    )
    def test_keeps_no_clear_name_where_names_are_not(
        self, machine: Machine, username: str, kept: int, number: int
    ) -> None:
        configure(username=username)
        names = [{"name": "CORP\\a.rossi"}, {"name": HASHED}, {"name": "sudo", "type": "group"}]

        response = machine.send(inventory=[part("local_admins", names)])

        stored = set(LocalAdmin.objects.values_list("name", flat=True))
        assert len(stored) == kept
        assert "sudo" in stored
        assert dropped(response) == number
        assert not any("rossi" in name for name in stored)

    def test_keeps_the_second_step_of_a_pseudonym(self, machine: Machine) -> None:
        configure(username="hashed")

        machine.send(inventory=[part("local_admins", [{"name": HASHED}])])

        name = LocalAdmin.objects.get().name
        assert name.startswith("u1_")
        assert "5555" not in name


class TestDirectoryPath:
    @pytest.mark.case("data-model.5")
    @pytest.mark.parametrize(
        ("device_name", "stored", "number"),
        [
            ("clear", "CN=ADA-LAPTOP,OU=Laptops,DC=corp", 0),
            ("hashed", "OU=Laptops,DC=corp", 2),
        ],
    )
    def test_names_the_machine_only_where_its_name_is_clear(
        self, machine: Machine, device_name: str, stored: str, number: int
    ) -> None:
        configure(device_name=device_name)
        path = "CN=ADA-LAPTOP,OU=Laptops,DC=corp"
        told = OPERATING_SYSTEM | {"distinguished_name": path, "sid": "S-1-5-21-1-2-3"}

        response = machine.send(inventory=[part("operating_system", told)])

        device = Device.objects.get()
        assert (device.distinguished_name, device.sid) == (stored, "S-1-5-21-1-2-3")
        assert dropped(response) == number
