"""What a pass over the processes makes of the fixture machines."""

import os
import pwd
import shutil
from collections.abc import Callable
from pathlib import Path

from dex_collector import users
from dex_collector.probes import executions_linux
from dex_collector.probes.base import Context, Sample
from tests.collector.conftest import FIXTURES
from tests.collector.outputs import replace

MakeContext = Callable[..., Context]

LAPTOP = FIXTURES / "laptop"


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
