"""What the probes make of the fixture machines."""

import os
import pwd
import shutil
import struct
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from dex_collector import users
from dex_collector.inventory import Part
from dex_collector.probes import (
    boot_linux,
    disks_linux,
    executions_linux,
    hardware_linux,
    logins_linux,
    operating_system_linux,
    performance_linux,
    volumes_linux,
)
from dex_collector.probes.base import (
    Context,
    Counters,
    Fact,
    Lack,
    NoData,
    Output,
    ProbeError,
    Sample,
)
from tests.collector.conftest import FIXTURES, copy_machine

MakeContext = Callable[..., Context]

LAPTOP, VIRTUAL, SERVER = (FIXTURES / name for name in ("laptop", "virtual_machine", "server"))
GIB = 2**30


@pytest.fixture(autouse=True)
def full_drives(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every mount point is there, 100 GiB with 40 free for users and 5 for root."""
    monkeypatch.setattr(volumes_linux, "measure", lambda folder: (100 * GIB, 40 * GIB, 55 * GIB))


def fields(outputs: Sequence[Output]) -> dict[str, Any]:
    (part,) = (one for one in outputs if isinstance(one, Part))
    assert part.fields is not None
    return part.fields


def items(outputs: Sequence[Output]) -> list[dict[str, Any]]:
    (part,) = (one for one in outputs if isinstance(one, Part))
    assert part.items is not None
    return list(part.items)


def lacks(outputs: Sequence[Output]) -> set[str]:
    return {one.word for one in outputs if isinstance(one, Lack)}


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


class TestPerformance:
    def sample(self, reader: performance_linux.PerformanceReader, made: Context) -> Sample:
        found = reader(made)[0]
        assert isinstance(found, Sample)
        return found

    @pytest.mark.case("collector.12")
    def test_first_reading_has_levels_only(self, make_context: MakeContext) -> None:
        found = self.sample(performance_linux.PerformanceReader(), make_context(LAPTOP))

        assert found.fields == {
            "number_of_logical_processors": 4,
            "installed_memory_bytes": 16303428 * 1024,
        }
        assert found.gauges["used_memory_bytes"] == 7_000_000 * 1024
        assert found.gauges["memory_pressure_ratio"] == pytest.approx(0.79995, abs=1e-4)
        assert found.gauges["cpu_queue_length"] == 2
        assert found.gauges["cpu_frequency_ratio"] == 0.5
        assert found.gauges["battery_level_ratio"] == 0.87
        assert found.gauges["gpu_usage_ratio"] == 0.12
        assert found.gauges["system_drive_usage_bytes"] == 55 * GIB
        # The USB drive does not stay, and /boot/efi is on the system's own.
        assert "non_system_drive_capacity_bytes" not in found.gauges
        assert found.gauges["uptime_ms"] == 21_600_500
        assert found.counters == {}
        assert "normalized_cpu_usage_ratio" not in found.gauges

    def test_says_what_the_machine_cannot_tell(
        self, make_context: MakeContext, tmp_path: Path
    ) -> None:
        laptop = performance_linux.PerformanceReader()(make_context(LAPTOP))
        virtual = performance_linux.PerformanceReader()(make_context(VIRTUAL))
        server = performance_linux.PerformanceReader()(make_context(SERVER))

        assert lacks(laptop) == set()
        assert lacks(virtual) == {"cpu_frequency.unsupported", "gpu_usage.unsupported"}
        assert "pressure.unsupported" in lacks(server)

    def test_second_reading_has_rates(self, make_context: MakeContext, machine: Path) -> None:
        reader = performance_linux.PerformanceReader()
        self.sample(reader, make_context(machine, monotonic=100))
        replace(machine, "proc/stat", "cpu  10000 200 3000 80000", "cpu  10900 200 3000 80100")
        replace(machine, "proc/pressure/memory", "total=200000", "total=3200000")
        replace(machine, "proc/vmstat", "pswpin 100", "pswpin 160")
        replace(machine, "proc/diskstats", "1000 10 80000 500", "1300 10 90000 1100")

        found = self.sample(reader, make_context(machine, monotonic=130))

        assert found.gauges["normalized_cpu_usage_ratio"] == pytest.approx(0.9)
        assert found.gauges["cpu_usage_ratio"] == pytest.approx(3.6)
        assert found.gauges["memory_some_pressure_ratio"] == pytest.approx(0.1)
        assert found.gauges["memory_swap_rate_bytes_per_s"] == 60 * 4096 / 30
        assert found.gauges["disk_read_operations_per_s"] == 10
        assert found.gauges["disk_read_latency_ms"] == 2
        assert found.gauges["disk_read_throughput_bytes_per_s"] == pytest.approx(170_666.67, abs=1)
        assert "disk_write_latency_ms" not in found.gauges  # nothing was written
        assert found.counters == {
            "cpu_duration_with_high_usage_ms": 30_000,
            "duration_with_high_memory_pressure_ms": 0,
            "duration_with_medium_memory_pressure_ms": 0,
            "battery_duration_on_battery_ms": 30_000,
        }

    def test_knows_the_columns_and_units_of_drives(self) -> None:
        # Source: admin-guide/iostats; each number another, in the order of the columns.
        row = "259 0 nvme0n1 1 2 3 4 5 6 7 8 9 10 11"

        numbers = performance_linux.parse_diskstats(row, ["nvme0n1"])
        gauges = performance_linux.disk_gauges({"disk.weighted_ms": 60_000}, seconds=30)

        assert numbers == {
            "disk.reads": 1,
            "disk.read_sectors": 3,
            "disk.read_ms": 4,
            "disk.writes": 5,
            "disk.written_sectors": 7,
            "disk.write_ms": 8,
            "disk.weighted_ms": 11,
        }
        assert gauges == {"disk_queue_length": 2}

    @pytest.mark.parametrize(
        ("used", "high", "medium"), [(950, 30_000, 0), (850, 0, 30_000), (700, 0, 0)]
    )
    def test_counts_pressure_as_high_or_medium_never_both(
        self, used: int, high: int, medium: int
    ) -> None:
        found = performance_linux.durations({"used_memory_bytes": used}, {"MemTotal": 1000}, {}, 30)

        assert found == {
            "duration_with_high_memory_pressure_ms": high,
            "duration_with_medium_memory_pressure_ms": medium,
        }

    def test_on_mains_is_not_on_battery(self) -> None:
        found = performance_linux.durations({}, {}, {"is_discharging": 0.0}, 30)

        assert found == {"battery_duration_on_battery_ms": 0}

    def test_is_on_battery_when_any_of_two_discharges(self, machine: Path) -> None:
        second = machine / "sys/class/power_supply/BAT1"
        second.mkdir()
        replace(machine, "sys/class/power_supply/BAT0/status", "Discharging", "Not charging")
        for name, text in (("type", "Battery"), ("capacity", "40"), ("status", "Discharging")):
            (second / name).write_text(text + "\n")

        found = performance_linux.read_battery(machine)

        assert found == {"battery_level_ratio": 0.87, "is_discharging": 1.0}

    def test_a_second_drive_is_not_the_system_drive(self, make_context: MakeContext) -> None:
        found = self.sample(performance_linux.PerformanceReader(), make_context(SERVER))

        assert found.gauges["non_system_drive_capacity_bytes"] == 100 * GIB  # /boot is sda1

    def test_drops_and_counts_counters_that_went_back(
        self, make_context: MakeContext, machine: Path
    ) -> None:
        reader = performance_linux.PerformanceReader()
        self.sample(reader, make_context(machine, monotonic=100))
        replace(machine, "proc/vmstat", "pswpin 100", "pswpin 1")

        sample, tally, *_ = reader(make_context(machine, monotonic=130))

        assert isinstance(sample, Sample)
        assert "memory_swap_rate_bytes_per_s" not in sample.gauges
        assert tally.number == 1  # type: ignore[union-attr]

    def test_forms_no_rates_over_a_sleep(self, make_context: MakeContext) -> None:
        reader = performance_linux.PerformanceReader()
        self.sample(reader, make_context(LAPTOP, monotonic=100))

        found = self.sample(reader, make_context(LAPTOP, monotonic=4_000))

        assert found.counters == {}

    @pytest.mark.case("collector.12")
    def test_of_a_virtual_machine_and_a_server(self, make_context: MakeContext) -> None:
        virtual = self.sample(performance_linux.PerformanceReader(), make_context(VIRTUAL))
        big = self.sample(performance_linux.PerformanceReader(), make_context(SERVER))

        assert virtual.fields["number_of_logical_processors"] == 2
        assert not {"battery_level_ratio", "cpu_frequency_ratio"} & set(virtual.gauges)
        assert big.gauges["cpu_queue_length"] == 6


class TestExecutions:
    def test_reads_programs_not_kernel_threads(self) -> None:
        found = executions_linux.read_processes(LAPTOP, {})

        assert {(p.binary, p.uid) for p in found.values()} == {
            ("systemd", 0),
            ("soffice.bin", 1000),
            ("bash", 1000),
            ("a (very) odd) name", 1000),
        }

    def test_first_pass_has_no_amounts(self, make_context: MakeContext) -> None:
        found = executions_linux.ExecutionReader()(make_context(LAPTOP, monotonic=100))

        assert [s.counters for s in found if isinstance(s, Sample)] == [{}, {}, {}, {}]

    def test_counts_growth_between_two_passes(
        self, make_context: MakeContext, machine: Path
    ) -> None:
        reader = executions_linux.ExecutionReader()
        reader(make_context(machine, monotonic=100))
        replace(machine, "proc/2200/stat", " 100 50 ", " 700 50 ")
        replace(machine, "proc/2200/io", "read_bytes: 4096", "read_bytes: 5096")
        copy = machine / "proc/2400"
        (machine / "proc/2300").rename(copy)  # bash went, and one like it came

        samples = {
            s.binary["name"]: s
            for s in reader(make_context(machine, monotonic=160))
            if isinstance(s, Sample) and s.binary
        }

        office, bash = samples["soffice.bin"], samples["bash"]
        assert office.user == {"name": "adas-laptop\\ada", "type": "local_user"}
        assert office.binary == {"name": "soffice.bin", "platform": "linux", "architecture": "x64"}
        assert office.counters["cpu_time_ms"] == 6_000
        assert office.counters["disk_read_bytes"] == 1_000
        assert office.counters["execution_duration_ms"] == 60_000
        assert office.counters["number_of_executions"] == 0
        assert office.gauges["real_memory_bytes"] == 90_000 * 4096
        assert office.gauges["memory_bytes"] == 50_000 * 4096
        assert bash.counters["number_of_executions"] == 1

    def test_two_processes_of_a_program_ran_as_long_as_one(
        self, make_context: MakeContext, machine: Path
    ) -> None:
        shutil.copytree(machine / "proc/2200", machine / "proc/2201", symlinks=True)
        reader = executions_linux.ExecutionReader()
        reader(make_context(machine, monotonic=100))

        found = reader(make_context(machine, monotonic=160))

        (office,) = (
            s for s in found if isinstance(s, Sample) and (s.binary or {})["name"] == "soffice.bin"
        )
        assert office.counters["execution_duration_ms"] == 60_000
        assert office.gauges["real_memory_bytes"] == 2 * 90_000 * 4096

    def test_accounts_without_a_name_are_one_row(
        self, make_context: MakeContext, machine: Path
    ) -> None:
        shutil.copytree(machine / "proc/2200", machine / "proc/2201", symlinks=True)
        replace(machine, "proc/2201/status", "Uid:\t1000", "Uid:\t1001")

        found = executions_linux.ExecutionReader()(make_context(machine, username="none"))

        (office,) = (
            s for s in found if isinstance(s, Sample) and (s.binary or {})["name"] == "soffice.bin"
        )
        assert office.gauges["real_memory_bytes"] == 2 * 90_000 * 4096

    def test_a_number_is_no_name(self, make_context: MakeContext) -> None:
        assert make_context(LAPTOP).naming.of_uid(4711) is None

    def test_asks_the_name_service_of_this_machine_alone(self, make_context: MakeContext) -> None:
        here = pwd.getpwuid(os.getuid()).pw_name

        assert users.read_service_name(Path("/"), os.getuid()) == here
        assert users.read_service_name(LAPTOP, os.getuid()) is None

    def test_leaves_zombies_out(self, machine: Path) -> None:
        replace(machine, "proc/2200/stat", "(soffice.bin) S", "(soffice.bin) Z")

        found = executions_linux.read_processes(machine, {})

        assert "soffice.bin" not in {process.binary for process in found.values()}

    def test_hashes_users_of_processes(self, make_context: MakeContext) -> None:
        found = executions_linux.ExecutionReader()(make_context(LAPTOP, username="hashed"))

        users = [s.user["name"] for s in found if isinstance(s, Sample) and s.user]
        assert len(users) == 4
        assert {name[:2] for name in users} == {"h:"}

    def test_takes_any_byte_in_the_name_of_a_program(self, machine: Path) -> None:
        link = machine / "proc/2200/exe"
        link.unlink()
        os.symlink(b"/opt/\xff\n\x1bx", link)

        found = executions_linux.read_processes(machine, {})

        assert "x" in {process.binary for process in found.values()}

    def test_stat_that_was_cut_off_is_no_process(self) -> None:
        assert executions_linux.parse_stat("1 (systemd) S 0") is None


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


def replace(machine: Path, path: str, old: str, new: str) -> None:
    """Change one value of a machine."""
    text = (machine / path).read_text()
    assert old in text
    (machine / path).write_text(text.replace(old, new))
