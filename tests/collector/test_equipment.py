"""What the machine is built of: processors, memory, graphics, batteries, monitors."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dex_collector.daemon import Daemon
from dex_collector.inventory import Part
from dex_collector.probes import (
    batteries_linux,
    cpus_linux,
    gpus_linux,
    memory_modules_linux,
    monitors_linux,
)
from dex_collector.probes.base import Context, NoData
from tests.collector.conftest import FIXTURES, run
from tests.collector.fakes import FakeClock, FakeServer
from tests.collector.spying import spy
from tests.collector.written import everything_written

MakeContext = Callable[..., Context]

LAPTOP, VIRTUAL, SERVER = (FIXTURES / name for name in ("laptop", "virtual_machine", "server"))
GIB = 2**30


class TestCpus:
    @pytest.mark.case("collector.12")
    def test_of_a_server_are_two_with_the_clock_in_their_name(self) -> None:
        assert (
            cpus_linux.read_cpus(SERVER)
            == [
                {
                    "name": "Intel(R) Xeon(R) Gold 6226R CPU @ 2.90GHz",
                    "frequency_mhz": 2_900,
                    "number_of_cores": 16,
                    "number_of_logical_processors": 32,
                }
            ]
            * 2
        )

    @pytest.mark.case("collector.12")
    def test_of_a_guest_name_no_clock_of_the_moment(self) -> None:
        assert cpus_linux.read_cpus(VIRTUAL) == [
            {"name": "AMD EPYC", "number_of_cores": 2, "number_of_logical_processors": 2}
        ]

    def test_of_arm_come_from_the_topology(self, tmp_path: Path) -> None:
        (tmp_path / "proc").mkdir()
        # Source: arch/arm64/kernel/cpuinfo.c: no name, no package.
        text = "".join(f"processor\t: {n}\nCPU part\t: 0xd0c\n\n" for n in range(4))
        (tmp_path / "proc/cpuinfo").write_text(text + "Hardware\t: board\n")
        for number, core in enumerate((0, 0, 1, 1)):
            folder = tmp_path / f"sys/devices/system/cpu/cpu{number}/topology"
            folder.mkdir(parents=True)
            (folder / "physical_package_id").write_text("0\n")
            (folder / "core_id").write_text(f"{core}\n")

        assert cpus_linux.read_cpus(tmp_path) == [
            {"number_of_cores": 2, "number_of_logical_processors": 4}
        ]

    def test_are_not_claimed_to_be_none(self, tmp_path: Path) -> None:
        with pytest.raises(NoData):
            cpus_linux.read_cpus(tmp_path)


class TestMemoryModules:
    @pytest.mark.case("collector.12")
    def test_of_a_server_leave_the_empty_slot_out(self) -> None:
        assert memory_modules_linux.read_memory_modules(SERVER) == [
            {"slot": "A1", "type": "DDR5", "size_bytes": 64 * GIB, "speed_mhz": 4_400}
        ]

    def test_hold_no_serial_number(self) -> None:
        assert b"8A7C1B2D" in (LAPTOP / memory_modules_linux.TABLE).read_bytes()
        assert "8A7C1B2D" not in str(memory_modules_linux.read_memory_modules(LAPTOP))

    @pytest.mark.parametrize(
        ("size", "extended", "bytes_"),
        [
            (0, 0, 0),
            (0xFFFF, 0, None),
            (8192, 0, 8 * GIB),
            (0x8000 | 512, 0, 512 * 1024),
            (0x7FFF, 0x8000_0000 | 65_536, 64 * GIB),
        ],
    )
    def test_have_sizes_in_five_forms(self, size: int, extended: int, bytes_: int | None) -> None:
        assert memory_modules_linux.parse_size(size, extended) == bytes_

    @pytest.mark.parametrize("cut", [0, 3, 30, 90, 130])
    def test_of_a_broken_table_are_those_before_the_break(self, cut: int) -> None:
        table = (LAPTOP / memory_modules_linux.TABLE).read_bytes()

        found = list(memory_modules_linux.structures(table[:cut]))

        assert len(found) <= 2

    def test_are_not_claimed_to_be_none(self) -> None:
        with pytest.raises(NoData):
            memory_modules_linux.read_memory_modules(VIRTUAL)


class TestGpus:
    def test_without_a_list_of_names_are_their_numbers(self) -> None:
        assert gpus_linux.read_gpus(SERVER) == [{"name": "PCI 102b:0536"}]

    def test_of_an_unknown_model_are_their_maker(self) -> None:
        lines = ["1002  AMD\n", "\t0001  One\n", "1003  ULSI\n", "\t9999  Other\n"]

        assert gpus_linux.parse_pci_ids(lines, "1002", "9999") == "AMD"
        assert gpus_linux.parse_pci_ids(lines, "1003", "9999") == "ULSI Other"
        assert gpus_linux.parse_pci_ids(lines, "9999", "0001") is None

    def test_are_cards_not_connectors(self) -> None:
        assert [card.name for card in gpus_linux.read_cards(LAPTOP)] == ["card1"]


class TestBatteries:
    def test_of_a_mouse_is_not_the_machine_s(self) -> None:
        assert [b["name"] for b in batteries_linux.read_batteries(LAPTOP)] == ["5B10W13890"]

    @pytest.mark.case("collector.12")
    def test_of_a_server_are_none(self) -> None:
        assert batteries_linux.read_batteries(SERVER) == []

    def test_tell_charge_by_their_voltage_and_no_unknown_cycles(self, tmp_path: Path) -> None:
        folder = tmp_path / batteries_linux.FOLDER / "BAT1"
        folder.mkdir(parents=True)
        told = {
            "type": "Battery",
            "charge_full_design": 5_000_000,
            "charge_full": 4_000_000,
            "voltage_min_design": 11_400_000,
            "cycle_count": 0,
        }
        for name, value in told.items():
            (folder / name).write_text(f"{value}\n")

        assert batteries_linux.read_batteries(tmp_path) == [
            {"name": "BAT1", "design_capacity": 57.0, "full_capacity": 45.6}
        ]

    def test_are_not_claimed_to_be_none(self, tmp_path: Path) -> None:
        with pytest.raises(NoData):
            batteries_linux.read_batteries(tmp_path)


class TestMonitors:
    def items(self, parts: list[Part]) -> list[dict[str, Any]]:
        (part,) = parts
        return list(part.items or [])

    @pytest.mark.case("collector.12")
    def test_of_a_laptop_are_those_connected(self, make_context: MakeContext) -> None:
        assert self.items(monitors_linux.read_monitors(make_context(LAPTOP))) == [
            {
                "name": "DELL U2723QE",
                "manufacturer": "Dell Inc.",
                "resolution": "3840x2160",
                "diagonal": 27.0,
                "serial_number": "8FXVT24",
            },
            {"manufacturer": "AU Optronics", "resolution": "1920x1080", "diagonal": 14.0},
        ]

    def test_without_a_list_of_makers_have_their_code(self) -> None:
        assert monitors_linux.read_maker(SERVER, "DEL") == "DEL"

    def test_without_a_size_have_no_diagonal(self) -> None:
        edid = bytearray((LAPTOP / "sys/class/drm/card1-eDP-1/edid").read_bytes())
        edid[21:23] = edid[66:68] = b"\0\0"
        edid[68] = 0

        assert monitors_linux.parse_edid(bytes(edid))["diagonal"] is None

    def test_with_a_wrong_checksum_are_left_out(self) -> None:
        edid = bytearray((LAPTOP / "sys/class/drm/card1-eDP-1/edid").read_bytes())
        edid[20] ^= 1

        assert not monitors_linux.is_edid(bytes(edid))
        assert not monitors_linux.is_edid(bytes(edid[:50]))

    @pytest.mark.case("collector.12")
    def test_of_a_server_are_none_and_of_a_guest_unknown(self, make_context: MakeContext) -> None:
        assert self.items(monitors_linux.read_monitors(make_context(SERVER))) == []
        with pytest.raises(NoData):
            monitors_linux.read_monitors(make_context(VIRTUAL))

    @pytest.mark.case("collector.9")
    def test_serial_numbers_that_are_off_are_not_taken_from_them(
        self,
        start: Callable[..., Daemon],
        server: FakeServer,
        clock: FakeClock,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        server.switches["serial_numbers"] = "off"
        reads = spy(monkeypatch, (monitors_linux, "parse_serial_number"))

        run(start(), clock, seconds=30, every=10)

        assert reads == []
        assert server.parts("monitors")
        assert "8FXVT24" not in str(server.bodies)

    def test_serial_numbers_that_were_told_go_when_they_are_switched_off(
        self, start: Callable[..., Daemon], server: FakeServer, clock: FakeClock, state: Path
    ) -> None:
        daemon = start()
        run(daemon, clock, seconds=10)
        assert b"8FXVT24" in everything_written(state)
        server.configure(serial_numbers="off")

        daemon.check_in()

        assert b"8FXVT24" not in everything_written(state)
        assert b"DELL U2723QE" in everything_written(state)


class TestCapabilities:
    def test_are_told_at_the_start_and_when_they_change(
        self,
        start: Callable[..., Daemon],
        server: FakeServer,
        clock: FakeClock,
        machine: Path,
    ) -> None:
        (machine / memory_modules_linux.TABLE).unlink()
        daemon = start()

        run(daemon, clock, seconds=60, every=10)
        (machine / memory_modules_linux.TABLE).write_bytes(
            (LAPTOP / memory_modules_linux.TABLE).read_bytes()
        )
        run(daemon, clock, seconds=7 * 3600, every=300)

        told = [part["fields"]["capabilities"] for part in server.parts("collector")]
        assert ["memory_modules.unsupported" in words for words in told] == [True, False]
