"""What the probes make of the fixture machines."""

import struct
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from dex_collector.probes import (
    boot_linux,
    disks_linux,
    hardware_linux,
    logins_linux,
    operating_system_linux,
    volumes_linux,
)
from dex_collector.probes.base import Context, Counters, Fact, NoData, ProbeError
from tests.collector.conftest import FIXTURES, GIB, copy_machine
from tests.collector.outputs import fields, items, lacks

pytestmark = pytest.mark.usefixtures("full_drives")

MakeContext = Callable[..., Context]

LAPTOP, VIRTUAL, SERVER = (FIXTURES / name for name in ("laptop", "virtual_machine", "server"))


class TestBoot:
    def test_reads_the_boot_time(self, make_context: MakeContext) -> None:
        (fact,) = boot_linux.BootReader()(make_context(LAPTOP))

        assert fact.occurred_at == datetime(2026, 3, 2, 6, tzinfo=UTC)
        assert fact.fields == {"type": "full_boot"}

    def test_of_long_ago_is_no_event_but_part_of_the_state(
        self, make_context: MakeContext, tmp_path: Path
    ) -> None:
        root = copy_machine("laptop", tmp_path / "root")
        at = int(datetime(2026, 1, 1, 8, tzinfo=UTC).timestamp())
        (root / "proc/stat").write_text(f"btime {at}\n")

        facts = boot_linux.BootReader()(make_context(root))
        found = fields(operating_system_linux.read_operating_system(make_context(root)))

        assert facts == []
        assert found["last_full_boot_time"] == "2026-01-01T08:00:00.000Z"

    def test_names_a_missing_line(self) -> None:
        with pytest.raises(ProbeError):
            boot_linux.parse_boot_time("cpu 1 2 3\n")

    def test_has_no_data_without_proc(self, make_context: MakeContext, tmp_path: Path) -> None:
        with pytest.raises(NoData):
            boot_linux.BootReader()(make_context(tmp_path))


class TestHardware:
    @pytest.mark.case("collector.12")
    def test_of_a_laptop(self, make_context: MakeContext) -> None:
        assert fields(hardware_linux.read_hardware(make_context(LAPTOP))) == {
            "type": "laptop",
            "manufacturer": "LENOVO",
            "model": "21HDCTO1WW",
            "product_line": "ThinkPad T14 Gen 4",
            "product_version": "ThinkPad T14 Gen 4",
            "firmware_version": "N3QET40W (1.40 )",
            "memory_bytes": 16303428 * 1024,
            "tpm_version": "2.0",
            "secure_boot_enabled": True,
            "chassis_serial_number": "PF4ABCDE",
            "machine_serial_number": "PF4ABCDE",
            "cpus": [
                {
                    "name": "Intel(R) Core(TM) i5-7200U CPU @ 2.50GHz",
                    "frequency_mhz": 2_600,
                    "number_of_cores": 2,
                    "number_of_logical_processors": 4,
                }
            ],
            "gpus": [
                {
                    "name": "Advanced Micro Devices, Inc. [AMD/ATI] Phoenix1",
                    "memory_bytes": 536_870_912,
                }
            ],
            "memory_modules": [
                {"slot": slot, "type": "DDR4", "size_bytes": 8 * GIB, "speed_mhz": 2_400}
                for slot in ("ChannelA-DIMM0", "ChannelB-DIMM0")
            ],
            "batteries": [
                {
                    "name": "5B10W13890",
                    "manufacturer": "SMP",
                    "design_capacity": 52.5,
                    "full_capacity": 44.2,
                    "cycle_count": 211,
                }
            ],
        }

    @pytest.mark.case("collector.12")
    def test_of_a_virtual_machine_without_smbios(self, make_context: MakeContext) -> None:
        outputs = hardware_linux.read_hardware(make_context(VIRTUAL))

        found = fields(outputs)
        assert set(found) == {"type", "memory_bytes", "cpus", "batteries"}
        assert found["type"] == "virtual"
        assert lacks(outputs) == {"gpus.unsupported", "memory_modules.unsupported"}

    @pytest.mark.case("collector.12")
    def test_of_a_server_leaves_placeholders_out(self, make_context: MakeContext) -> None:
        found = fields(hardware_linux.read_hardware(make_context(SERVER)))

        assert found["type"] == "server"
        assert found["secure_boot_enabled"] is False
        assert found["machine_serial_number"] == "7XYZ123"
        assert not {"product_version", "chassis_serial_number", "tpm_version"} & set(found)

    @pytest.mark.parametrize("vendor", ["QEMU", "VMware, Inc.", "innotek GmbH", "Amazon EC2"])
    def test_knows_hypervisors_by_their_vendor(self, vendor: str) -> None:
        dmi = {"sys_vendor": vendor, "chassis_type": "3"}

        assert hardware_linux.parse_type(dmi, cpuinfo="", hypervisor=None) == "virtual"

    def test_does_not_guess_a_form_factor(self) -> None:
        assert hardware_linux.parse_type({}, cpuinfo="flags : fpu", hypervisor=None) is None


class TestOperatingSystem:
    @pytest.mark.case("collector.12")
    def test_of_a_laptop(self, make_context: MakeContext) -> None:
        found = fields(operating_system_linux.read_operating_system(make_context(LAPTOP)))

        assert found.pop("last_update").endswith("Z")
        assert found == {
            "host_name": "adas-laptop",
            "name": "Ubuntu 24.04.1 LTS (64-bit)",
            "platform": "linux",
            "version": "24.04",
            "build": "6.8.0-49-generic",
            "architecture": "x64",
            "is_restart_pending": True,
            "last_full_boot_time": "2026-03-02T06:00:00.000Z",
        }

    def test_says_the_rest_without_a_boot_time(
        self, make_context: MakeContext, tmp_path: Path
    ) -> None:
        root = copy_machine("laptop", tmp_path / "root")
        (root / "proc/stat").write_text("cpu 1 2 3\n")

        found = fields(operating_system_linux.read_operating_system(make_context(root)))

        assert found["version"] == "24.04"
        assert "last_full_boot_time" not in found

    def test_says_nothing_of_restarts_where_nothing_tells(self, make_context: MakeContext) -> None:
        found = fields(operating_system_linux.read_operating_system(make_context(SERVER)))

        assert "is_restart_pending" not in found
        assert "installation_time" in found

    def test_hashes_the_host_name_when_told_to(self, make_context: MakeContext) -> None:
        hashed = make_context(LAPTOP, device_name="hashed")

        found = fields(operating_system_linux.read_operating_system(hashed))

        assert found["host_name"].startswith("h:")
        assert len(found["host_name"]) == 34

    def test_reads_quoted_values(self) -> None:
        text = '# no\nA="x y"\nB=\'z\'\nC=plain\nD="broken\nE='

        assert operating_system_linux.parse_os_release(text) == {
            "A": "x y",
            "B": "z",
            "C": "plain",
            "E": "",
        }


class TestDisks:
    @pytest.mark.case("collector.12")
    def test_of_a_laptop(self, make_context: MakeContext) -> None:
        assert items(disks_linux.read_disks(make_context(LAPTOP))) == [
            {
                "name": "nvme0n1",
                "model": "SAMSUNG MZVL2512HCJQ-00BL7",
                "type": "nvme",
                "size_bytes": 512_110_190_592,
                "serial_number": "S64KNX0T123456",
            },
            {
                "name": "sda",
                "manufacturer": "SanDisk",
                "model": "Ultra",
                "type": "removable",
                "size_bytes": 31_914_983_424,
            },
        ]

    @pytest.mark.case("collector.12")
    def test_of_a_server(self, make_context: MakeContext) -> None:
        found = items(disks_linux.read_disks(make_context(SERVER)))

        assert [disk["type"] for disk in found] == ["ssd", "hdd"]
        assert found[0]["serial_number"] == "S6M9NE0T512345"
        assert "manufacturer" not in found[0]  # libata writes ATA

    @pytest.mark.case("collector.12")
    def test_of_a_virtual_machine(self, make_context: MakeContext) -> None:
        (disk,) = items(disks_linux.read_disks(make_context(VIRTUAL)))

        assert (disk["name"], disk["type"]) == ("vda", "unknown")


class TestVolumes:
    @pytest.mark.case("collector.12")
    def test_of_a_laptop(self, make_context: MakeContext) -> None:
        found = items(volumes_linux.read_volume_part(make_context(LAPTOP)))

        assert [(v["mount_point"], v["is_system"], v["is_encrypted"]) for v in found] == [
            ("/", True, True),  # LVM on LUKS
            ("/boot/efi", False, False),
            ("/media/ada/USB DISK", False, False),
        ]
        assert found[0]["free_space_bytes"] == 40 * GIB

    @pytest.mark.case("collector.12")
    def test_of_a_server_leaves_network_mounts_out(self, make_context: MakeContext) -> None:
        found = items(volumes_linux.read_volume_part(make_context(SERVER)))

        assert [v["mount_point"] for v in found] == ["/", "/boot", "/var/lib/pgsql"]
        assert [v["is_encrypted"] for v in found] == [False, False, False]

    def test_leaves_out_what_does_not_answer(
        self, make_context: MakeContext, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def broken(folder: Path) -> tuple[int, int]:
            raise OSError

        monkeypatch.setattr(volumes_linux, "measure", broken)

        assert items(volumes_linux.read_volume_part(make_context(LAPTOP))) == []

    def test_a_file_that_is_bound_is_no_volume(self) -> None:
        lines = (
            "1 0 8:1 /x /etc/hosts rw - ext4 /dev/sda1 rw\n2 0 8:1 / /data rw - ext4 /dev/sda1 rw"
        )

        found = volumes_linux.parse_mounts(lines, lambda point: point == "/etc/hosts")

        assert [mount.mount_point for mount in found] == ["/data"]

    def test_takes_the_overlay_of_a_container_for_its_system_drive(self) -> None:
        line = "1 0 0:50 / / rw - overlay overlay rw,lowerdir=/x"

        (mount,) = volumes_linux.parse_mounts(line)

        assert mount.mount_point == "/"


class TestLogins:
    def test_reads_people_only(self, make_context: MakeContext) -> None:
        outputs = logins_linux.UtmpReader()(make_context(LAPTOP))

        found = [one for one in outputs if isinstance(one, Fact)]
        assert [(f.fields["logon_type"], f.user) for f in found] == [
            ("interactive", {"name": "adas-laptop\\ada", "type": "local_user"}),
            ("remote", {"name": "adas-laptop\\root", "type": "system"}),
        ]
        assert found[0].occurred_at == datetime(2026, 3, 2, 7, 0, 10, 400_000, tzinfo=UTC)
        assert found[0].fields["session_id"] == "tty2.2100.1772434810"

    def test_has_no_data_without_the_file(self, make_context: MakeContext) -> None:
        with pytest.raises(NoData):
            logins_linux.UtmpReader()(make_context(VIRTUAL))

    def test_ignores_a_cut_off_entry(self) -> None:
        whole = (LAPTOP / "run/utmp").read_bytes()

        assert len(list(logins_linux.parse_utmp(whole[:-100]))) == 2

    def test_entry_has_the_documented_size(self) -> None:
        assert logins_linux.ENTRY.size == 384
        assert struct.calcsize("=h") == 2


class TestCounters:
    def test_give_no_difference_at_first(self) -> None:
        counters = Counters()

        assert counters.differences({"a": 5}) == {}
        assert counters.differences({"a": 9, "b": 1}) == {"a": 4}
