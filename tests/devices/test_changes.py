"""Changes of devices: what a report says anew, within what may be kept."""

from typing import Any

import pytest

from apps.devices import changes
from apps.devices.models import Device, DeviceChange
from apps.organization.models import Entity
from tests.conftest import NOW
from tests.factories.collectors import Machine, configure, device_of, make_machine
from tests.factories.devices import move_device
from tests.factories.inventory import (
    DISKS,
    HARDWARE,
    INVENTORY,
    LOCAL_ADMINS,
    NETWORK,
    OPERATING_SYSTEM,
    SECURITY,
    VOLUMES,
    part,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fixed_clock")]


@pytest.fixture
def machine(db: None, fixed_clock: Any) -> Machine:
    """Return a machine whose inventory is known."""
    machine = make_machine()
    assert machine.send(inventory=INVENTORY).json()["refused"] == []
    return machine


def report(machine: Machine, name: str, content: Any) -> None:
    """Send one part."""
    assert machine.send(inventory=[part(name, content)]).json()["refused"] == []


def noted() -> list[tuple[str, str, str, str]]:
    """Return the changes that were noted."""
    rows = DeviceChange.objects.order_by("item", "new_value", "old_value")
    return list(rows.values_list("property", "item", "old_value", "new_value"))


class TestFirstReport:
    def test_changes_nothing(self, machine: Machine) -> None:
        assert noted() == []

    def test_of_a_part_changes_nothing(self) -> None:
        machine = make_machine()

        report(machine, "hardware", HARDWARE)
        report(machine, "security", SECURITY)

        assert noted() == []

    def test_again_changes_nothing(self, machine: Machine) -> None:
        machine.send(inventory=INVENTORY)

        assert noted() == []


class TestFacts:
    def test_are_noted_with_both_values(self, machine: Machine) -> None:
        report(machine, "hardware", HARDWARE | {"memory_bytes": 32 * 2**30, "model": "T14"})

        assert noted() == [
            ("hardware", "hardware_memory_bytes", "16 GiB", "32 GiB"),
            ("hardware", "hardware_model", "Latitude 7440", "T14"),
        ]

    def test_are_noted_by_their_property(self, machine: Machine) -> None:
        told = OPERATING_SYSTEM | {"build": "6.13.1", "host_name": "ada-new"}
        report(machine, "operating_system", told)
        report(machine, "hardware", HARDWARE | {"secure_boot_enabled": False})

        assert noted() == [
            ("security", "hardware_secure_boot_enabled", "yes", "no"),
            ("name", "name", "ada-laptop", "ada-new"),
            ("operating_system", "operating_system_build", "6.12.48+deb13-amd64", "6.13.1"),
        ]

    def test_belong_to_the_server_and_to_now(self, machine: Machine) -> None:
        report(machine, "hardware", HARDWARE | {"model": "T14"})

        change = DeviceChange.objects.get()
        assert (change.source, change.occurred_at) == ("server", NOW)
        assert change.context_id == device_of(machine).context_id


class TestLists:
    def test_note_what_comes_and_goes(self, machine: Machine) -> None:
        report(machine, "disks", [DISKS[0] | {"model": "990 Pro"}])

        assert noted() == [
            ("hardware", "disks", "Samsung PM9A1", ""),
            ("hardware", "disks", "", "Samsung 990 Pro"),
        ]

    def test_note_facts_of_what_stays(self, machine: Machine) -> None:
        off = [{**SECURITY["antiviruses"][0], "real_time_protection": "disabled"}]
        report(machine, "security", {**SECURITY, "antiviruses": off})
        gpus = [{**HARDWARE["gpus"][0], "driver_version": "25.0"}]
        report(machine, "hardware", {**HARDWARE, "gpus": gpus})

        assert noted() == [
            (
                "security",
                "antiviruses.real_time_protection",
                "ClamAV: enabled",
                "ClamAV: disabled",
            ),
            ("driver", "gpus.driver_version", "Intel Iris Xe: 24.2.8", "Intel Iris Xe: 25.0"),
        ]

    def test_note_encryption_but_no_stick(self, machine: Machine) -> None:
        stick = {"name": "ADA", "mount_point": "/media/ada/ADA"}
        report(machine, "volumes", [VOLUMES[0] | {"is_encrypted": False}, VOLUMES[1], stick])

        assert noted() == [
            ("security", "volumes.is_encrypted", "/ nvme0n1p2: yes", "/ nvme0n1p2: no")
        ]

    def test_note_no_adapter_of_a_container(self, machine: Machine) -> None:
        virtual = {"name": "veth12", "is_virtual": True}
        report(machine, "network", [*NETWORK, virtual, {"name": "usb0", "type": "ethernet"}])

        assert noted() == [("network", "network_adapters", "", "usb0")]

    def test_tell_equal_items_apart(self, machine: Machine) -> None:
        report(machine, "disks", [DISKS[0], DISKS[0] | {"serial_number": "OTHER"}])

        assert noted() == [("hardware", "disks", "", "Samsung PM9A1")]

    def test_are_bounded(self, machine: Machine) -> None:
        many = [{"name": f"adapter {number}"} for number in range(120)]

        report(machine, "network", many)

        assert DeviceChange.objects.count() == changes.CHANGES_LIMIT + 1
        rest = DeviceChange.objects.get(number_of_changes__gt=1)
        assert (rest.item, rest.old_value, rest.new_value) == ("network_adapters", "", "")
        assert rest.number_of_changes == 121 - changes.CHANGES_LIMIT


class TestSwitches:
    @pytest.mark.case("data-model.5")
    def test_that_hide_serials_hide_their_changes(self, machine: Machine) -> None:
        configure(serial_numbers="off")

        report(machine, "hardware", HARDWARE | {"machine_serial_number": "SER-0816"})
        report(machine, "disks", [DISKS[0] | {"serial_number": "OTHER"}])

        assert noted() == []

    def test_that_let_serials_in_again_make_no_change(self, machine: Machine) -> None:
        configure(serial_numbers="off")
        report(machine, "hardware", HARDWARE)
        configure(serial_numbers="on")

        report(machine, "hardware", HARDWARE)

        assert noted() == []

    @pytest.mark.case("data-model.5")
    def test_that_hide_the_name_hide_the_old_one_too(self, machine: Machine) -> None:
        configure(device_name="hashed")

        report(machine, "operating_system", OPERATING_SYSTEM | {"host_name": "h:" + "a" * 32})
        report(machine, "operating_system", OPERATING_SYSTEM | {"host_name": "ada-new"})

        assert noted() == []

    @pytest.mark.case("data-model.5")
    def test_that_hide_administrators_hide_their_changes(self, machine: Machine) -> None:
        configure(local_admins="off")

        machine.send(inventory=[part("local_admins", []), part("disks", DISKS)])

        assert noted() == []

    @pytest.mark.case("data-model.5")
    def test_that_hash_names_make_no_change_of_administrators(self, machine: Machine) -> None:
        configure(username="hashed")

        report(machine, "local_admins", [{"name": "h:" + "a" * 32}])

        assert noted() == []

    def test_of_administrators_tell_how_many(self, machine: Machine) -> None:
        report(machine, "local_admins", [*LOCAL_ADMINS, {"name": "CORP\\m.keller"}])
        report(machine, "local_admins", [LOCAL_ADMINS[1], {"name": "CORP\\eve"}])

        assert noted() == [
            ("security", "local_admins", "3", "2"),
            ("security", "local_admins", "2", "3"),
        ]


class TestMoves:
    def test_are_noted(self, machine: Machine, paris: Entity, lyon: Entity) -> None:
        device = device_of(machine)
        move_device(device=device, entity=paris, now=NOW)

        move_device(device=device, entity=lyon, now=NOW)

        assert [row[:2] for row in noted()] == [("entity", "entity")] * 2
        assert ("entity", "entity", paris.name, lyon.name) in noted()
        assert Device.objects.get(pk=device.pk).entity == lyon
