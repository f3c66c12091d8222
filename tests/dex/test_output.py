"""Lines of processes: console and files."""

import io
import json
import os
from datetime import UTC, datetime
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

    def test_keeps_ten_files(
        self, lines: Output, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(output, "FILE_BYTES", 100)

        for _ in range(30):
            lines.line("web", "x" * 90)

        assert len(list(tmp_path.glob("web.jsonl*"))) == 10

    def test_forgets_after_180_days(self, lines: Output, tmp_path: Path) -> None:
        old, young = tmp_path / "web.jsonl.9", tmp_path / "web.jsonl.1"
        old.touch()
        young.touch()
        os.utime(old, (0, 0))

        lines.forget_old()

        assert not old.exists()
        assert young.exists()
