"""Lines of processes: console and files."""

import io
import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from dex.operations import output
from dex.operations.output import Output

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


def kept(folder: Path) -> list[dict[str, str]]:
    """Return the entries of the file of the process `web`."""
    return [json.loads(line) for line in (folder / "web.jsonl").read_text().splitlines()]


@pytest.fixture
def lines(tmp_path: Path) -> Output:
    """Return an output whose console is a string."""
    return Output(tmp_path, console=io.StringIO(), now=lambda: NOW)


class TestOutput:
    def test_keeps_json_as_it_is(self, lines: Output, tmp_path: Path) -> None:
        lines.line("web", '{"event": "100 % done", "request_id": "ab"}')

        assert kept(tmp_path) == [{"event": "100 % done", "request_id": "ab", "process": "web"}]

    def test_makes_an_object_of_plain_text(self, lines: Output, tmp_path: Path) -> None:
        lines.line("web", "{ not json")

        assert kept(tmp_path) == [
            {"event": "{ not json", "timestamp": "2026-03-02T12:00:00+00:00", "process": "web"}
        ]

    def test_shows_json_lines_on_the_console(self, lines: Output) -> None:
        lines.line("web", "hello")

        assert isinstance(lines.console, io.StringIO)
        assert json.loads(lines.console.getvalue())["process"] == "web"

    def test_keeps_no_more_than_ten_full_files(
        self, lines: Output, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(output, "FILE_BYTES", 100)

        for _ in range(30):
            lines.line("web", "x" * 90)

        sizes = [file.stat().st_size for file in tmp_path.glob("web.jsonl*")]
        assert 1_000 - max(sizes) <= sum(sizes) <= 1_000 + max(sizes)

    def test_keeps_each_day_in_a_file_of_its_own(self, tmp_path: Path) -> None:
        moment = [NOW]
        lines = Output(tmp_path, console=io.StringIO(), now=lambda: moment[0])

        for day in (0, 0, 1, 3):
            moment[0] = NOW + timedelta(days=day)
            lines.line("web", f"day {day}")

        files = [tmp_path / f"web.jsonl{end}" for end in ("", ".1", ".2")]
        days = [{json.loads(x)["event"] for x in f.read_text().splitlines()} for f in files]
        assert days == [{"day 3"}, {"day 1"}, {"day 0"}]

    def test_begins_anew_where_the_file_was_removed(self, lines: Output, tmp_path: Path) -> None:
        lines.line("web", "before")
        (tmp_path / "web.jsonl").unlink()

        lines.line("web", "after")

        assert [entry["event"] for entry in kept(tmp_path)] == ["after"]

    def test_forgets_after_180_days(self, lines: Output, tmp_path: Path) -> None:
        old, young = tmp_path / "web.jsonl.9", tmp_path / "web.jsonl.1"
        old.touch()
        young.touch()
        os.utime(old, (0, 0))

        lines.forget_old()

        assert not old.exists()
        assert young.exists()
