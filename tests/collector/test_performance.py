"""What the performance probe makes of the fixture machines."""

from collections.abc import Callable
from pathlib import Path

import pytest

from dex_collector.probes import performance_linux
from dex_collector.probes.base import Context, Sample
from tests.collector.conftest import FIXTURES, GIB
from tests.collector.outputs import lacks, replace

pytestmark = pytest.mark.usefixtures("full_drives")

MakeContext = Callable[..., Context]

LAPTOP, VIRTUAL, SERVER = (FIXTURES / name for name in ("laptop", "virtual_machine", "server"))


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
