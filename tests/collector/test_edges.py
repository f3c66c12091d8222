"""Values at the edge of what a source may say."""

from datetime import UTC, datetime
from pathlib import Path

from dex_collector.configuration import _parse_work_hours
from dex_collector.patience import parse_retry_after
from dex_collector.probes.disks_linux import read_disk_names
from dex_collector.probes.programs_linux import MEMORY_FILE, read_program

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)  # a Monday


class TestRetryAfter:
    def test_takes_no_digit_that_is_no_number(self) -> None:
        assert parse_retry_after("²", NOW) is None


class TestWorkHours:
    def test_of_no_day_are_never(self) -> None:
        assert _parse_work_hours({"days": []}).days == frozenset()

    def test_that_name_no_days_are_those_of_the_week(self) -> None:
        assert _parse_work_hours({}).days == frozenset({1, 2, 3, 4, 5})


class TestDrives:
    def test_are_not_the_paths_to_one(self, tmp_path: Path) -> None:
        for name, hidden in (("nvme0n1", "0"), ("nvme0c0n1", "1")):
            folder = tmp_path / "sys/block" / name
            folder.mkdir(parents=True)
            (folder / "size").write_text("1000\n", encoding="ascii")
            (folder / "hidden").write_text(f"{hidden}\n", encoding="ascii")

        assert read_disk_names(tmp_path) == ["nvme0n1"]


class TestBinary:
    def test_in_memory_has_no_name_of_its_own(self, tmp_path: Path) -> None:
        (tmp_path / "exe").symlink_to("/memfd:sealed-91173221a7ea (deleted)")

        assert read_program(tmp_path, "runc").name == MEMORY_FILE
