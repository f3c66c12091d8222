"""Inventory: what a device is, as it was told last."""

from datetime import UTC, datetime
from typing import Any

import pytest

from apps.collectors.models import RefusalCount
from apps.devices.models import Device, Disk, InventoryPart, Volume
from apps.devices.versions import version_key
from tests.conftest import NOW
from tests.factories.collectors import Machine, boot, configure, device_of, make_machine

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fixed_clock")]

HASH = "1" * 64


@pytest.fixture
def machine(db: None, fixed_clock: Any) -> Machine:
    """Return an enrolled machine."""
    return make_machine()


def whole(part: str, content: Any, content_hash: str = HASH) -> dict[str, Any]:
    """Return a full report."""
    member = "items" if isinstance(content, list) else "fields"
    return {"part": part, "hash": content_hash, "full": True, member: content}


def unchanged(part: str, content_hash: str = HASH) -> dict[str, Any]:
    """Return a report that nothing changed."""
    return {"part": part, "hash": content_hash, "base": content_hash, "add": [], "remove": []}


class TestObjectParts:
    def test_write_what_the_machine_is(self, machine: Machine) -> None:
        machine.send(
            inventory=[
                whole("hardware", {"type": "laptop", "memory_bytes": 2**34, "tpm_version": "2.0"}),
                whole("operating_system", {"platform": "linux", "version": "12.5", "build": "6.1"}),
            ]
        )

        device = device_of(machine)
        assert (device.hardware_type, device.hardware_memory_bytes) == ("laptop", 2**34)
        assert (device.hardware_tpm_version_key, device.operating_system_version_key) == (
            [2, 0],
            [12, 5],
        )
        assert device.inventory_state == "complete"

    def test_empty_what_is_told_no_more(self, machine: Machine) -> None:
        machine.send(inventory=[whole("hardware", {"model": "T14", "memory_bytes": 5})])

        machine.send(inventory=[whole("hardware", {})])

        device = device_of(machine)
        assert (device.hardware_model, device.hardware_memory_bytes) == ("", None)

    def test_are_incomplete_without_a_base(self, machine: Machine) -> None:
        machine.send(inventory=[whole("hardware", {}), whole("disks", [])])

        assert device_of(machine).inventory_state == "incomplete"


class TestListParts:
    def test_replace_the_list_as_a_whole(self, machine: Machine) -> None:
        machine.send(inventory=[whole("disks", [{"name": "sda"}, {"name": "sdb"}])])

        machine.send(inventory=[whole("disks", [{"name": "sdc", "type": "nvme"}])])

        assert list(Disk.objects.values_list("name", "type")) == [("sdc", "nvme")]

    def test_leave_other_devices_alone(self, machine: Machine) -> None:
        volume = {"mount_point": "/", "free_space_bytes": 1}
        make_machine().send(inventory=[whole("volumes", [volume])])

        machine.send(inventory=[whole("volumes", [])])

        assert Volume.objects.get().mount_point == "/"

    def test_keep_the_old_list_when_one_item_is_wrong(self, machine: Machine) -> None:
        machine.send(inventory=[whole("disks", [{"name": "sda"}])])

        response = machine.send(
            inventory=[whole("disks", [{"name": "sdb"}, {"size_bytes": -1}], "2" * 64)]
        )

        [refusal] = response.json()["refused"]
        assert (refusal["code"], refusal["pointer"]) == (
            "invalid",
            "/inventory/0/items/1/size_bytes",
        )
        assert Disk.objects.get().name == "sda"
        assert InventoryPart.objects.get().hash == HASH
        assert RefusalCount.objects.get().kind == "inventory.disks"


class TestManyReports:
    def test_of_one_part_are_taken_once(self, machine: Machine) -> None:
        first, second = whole("disks", [{"name": "sda"}]), whole("disks", [{"name": "sdb"}])

        response = machine.send(inventory=[first, second, whole("volumes", [])])

        assert response.json()["refused"] == [
            {"index": 1, "code": "invalid", "pointer": "/inventory/1/part"}
        ]
        assert Disk.objects.get().name == "sda"
        assert set(InventoryPart.objects.values_list("part", flat=True)) == {"disks", "volumes"}

    def test_have_no_more_items_than_a_batch_may(
        self, machine: Machine, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("apps.collectors.services.inventory.INVENTORY_ITEMS_LIMIT", 3)
        two = [{"name": "one"}, {"name": "two"}]

        response = machine.send(inventory=[whole("disks", two), whole("volumes", two)])

        assert [entry["pointer"] for entry in response.json()["refused"]] == ["/inventory/1/items"]
        assert (Disk.objects.count(), Volume.objects.count()) == (2, 0)


class TestMountPoints:
    @pytest.mark.case("data-model.5")
    @pytest.mark.parametrize(
        ("sent", "stored", "number"),
        [
            ("/home/ada", "/home/~", 1),
            ("/run/media/ada/STICK", "/run/media/~/STICK", 1),
            ("/Users/ada/x", "/Users/~/x", 1),
            ("C:\\Users\\ada\\x", "C:\\Users\\~\\x", 1),
            ("/home/~", "/home/~", 0),
            ("/home", "/home", 0),
            ("/srv/home/ada", "/srv/home/~", 1),
            ("/var/home/ada/home/ada", "/var/home/~/home/~", 1),
            ("c:/users/ada", "c:/users/~", 1),
            ("/srv/homes", "/srv/homes", 0),
        ],
    )
    def test_name_nobody_where_names_are_hashed(
        self, machine: Machine, sent: str, stored: str, number: int
    ) -> None:
        configure(username="hashed")

        response = machine.send(inventory=[whole("volumes", [{"mount_point": sent}])])

        assert Volume.objects.get().mount_point == stored
        assert response.json()["dropped_by_configuration"] == number

    @pytest.mark.case("data-model.5")
    def test_of_another_machine_name_nobody_either(self, machine: Machine) -> None:
        configure(username="hashed")
        exported = {"name": "files:/export/home/ada", "mount_point": "/mnt/a"}

        response = machine.send(inventory=[whole("volumes", [exported])])

        assert Volume.objects.get().name == "files:/export/home/~"
        assert response.json()["dropped_by_configuration"] == 1

    @pytest.mark.case("data-model.5")
    @pytest.mark.parametrize(
        ("name", "stored"),
        [
            ("zorro/~", ""),
            ("files:/zorro/~", ""),
            ("/dev/zorro", ""),
            ("/dev/mapper/zorro", ""),
            ("/dev/~", "/dev/~"),
            ("/dev/sda1", "/dev/sda1"),
            ("/dev/nvme0n1p2", "/dev/nvme0n1p2"),
            ("/dev/disk1s2", "/dev/disk1s2"),
        ],
    )
    def test_of_a_home_have_a_device_that_nobody_named(
        self, machine: Machine, name: str, stored: str
    ) -> None:
        configure(username="hashed")
        home = {"name": name, "mount_point": "/home/~"}

        machine.send(inventory=[whole("volumes", [home])])

        assert Volume.objects.get().name == stored

    def test_stay_as_they_are_where_names_are_clear(self, machine: Machine) -> None:
        machine.send(inventory=[whole("volumes", [{"mount_point": "/home/ada"}])])

        assert Volume.objects.get().mount_point == "/home/ada"


class TestHeartbeat:
    def test_confirms_a_known_state(self, machine: Machine) -> None:
        machine.send(inventory=[whole("disks", [])])
        InventoryPart.objects.update(received_at=None or NOW.replace(year=2025))

        response = machine.send(inventory=[unchanged("disks")])

        assert response.json()["need_full"] == []
        assert InventoryPart.objects.get().received_at == NOW

    @pytest.mark.parametrize(
        "report",
        [
            unchanged("disks", "2" * 64),
            unchanged("volumes"),
            {"part": "disks", "hash": HASH},
            {"part": "disks", "hash": "2" * 64, "base": HASH, "add": [{}]},
        ],
    )
    def test_is_answered_by_a_question_where_the_base_differs(
        self, machine: Machine, report: dict[str, Any]
    ) -> None:
        machine.send(inventory=[whole("disks", [{"name": "sda"}])])

        response = machine.send(inventory=[report])

        assert response.json()["need_full"] == [report["part"]]
        assert Disk.objects.get().name == "sda"


class TestBoots:
    def test_bring_the_last_full_boot_forward(self, machine: Machine) -> None:
        machine.send(boot("2026-03-02T08:00:00Z", duration_ms=1))

        machine.send(
            boot("2026-03-02T10:00:00Z", duration_ms=2),
            boot("2026-03-02T09:00:00Z", duration_ms=3),
            boot("2026-03-02T11:00:00Z", type="hibernate_resume"),
        )

        device = device_of(machine)
        assert device.boot_last_full_boot_time_at == NOW.replace(hour=10)
        assert device.boot_last_full_boot_duration_ms == 2

    def test_that_come_late_change_nothing(self, machine: Machine) -> None:
        machine.send(boot("2026-03-02T10:00:00Z", duration_ms=2))

        machine.send(boot("2026-03-02T08:00:00Z", duration_ms=1))

        assert Device.objects.get().boot_last_full_boot_duration_ms == 2

    def test_of_long_ago_come_with_the_operating_system(self, machine: Machine) -> None:
        machine.send(inventory=[last_boot("2025-11-03T10:00:00Z", last_full_boot_duration_ms=7)])

        device = device_of(machine)
        assert device.boot_last_full_boot_time_at == datetime(2025, 11, 3, 10, tzinfo=UTC)
        assert device.boot_last_full_boot_duration_ms == 7

    def test_of_the_operating_system_do_not_outdo_the_event(self, machine: Machine) -> None:
        machine.send(boot("2026-03-02T10:00:00Z", duration_ms=2))

        machine.send(inventory=[last_boot("2026-03-02T10:00:00Z")])
        machine.send(inventory=[whole("operating_system", {"platform": "linux"}, "2" * 64)])

        device = device_of(machine)
        assert device.boot_last_full_boot_time_at == NOW.replace(hour=10)
        assert device.boot_last_full_boot_duration_ms == 2

    def test_of_a_clock_that_is_ahead_are_not_believed(self, machine: Machine) -> None:
        machine.send(inventory=[last_boot("2026-03-04T10:00:00Z")])

        assert device_of(machine).boot_last_full_boot_time_at is None


def last_boot(moment: str, **more: Any) -> dict[str, Any]:
    """Return a full report of the operating system with its last boot."""
    fields = {"platform": "linux", "last_full_boot_time": moment, **more}
    return whole("operating_system", fields)


class TestVersionKey:
    @pytest.mark.parametrize(
        ("version", "key"),
        [
            ("24.2", [24, 2]),
            ("24.2-rc1", [24, 2, 1]),
            ("10.0.19045.3803", [10, 0, 19045, 3803]),
            ("rolling", None),
            ("", None),
            ("9" * 40, [2**63 - 1]),
            (".".join("1" * 20), [1] * 16),
            ("٣.٤", [3, 4]),
        ],
    )
    def test_is_its_numbers(self, version: str, key: list[int] | None) -> None:
        assert version_key(version) == key
