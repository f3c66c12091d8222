"""Which acceptance cases have neither a test nor a benchmark row: printed, not refused.

The specifications are no part of this tree; the variable SPECIFICATIONS names their folder.
"""

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

TREE = Path(__file__).parents[2]
MARK = re.compile(r"""case(?:\(|["']:\s*|=)["']([a-z-]+\.\d+)["']""")


def shown() -> set[str]:
    """Return the cases that a test or a benchmark names."""
    files = [*TREE.glob("tests/**/*.py"), *TREE.glob("benchmarks/**/*.py")]
    return {case for file in files for case in MARK.findall(file.read_text(encoding="utf-8"))}


def stated(folder: Path) -> Iterator[str]:
    """Yield the cases of the specifications that are to be built by now."""
    for spec in sorted(folder.glob("*.md")):
        text = spec.read_text(encoding="utf-8")
        section = re.search(r"^## \w+\. Acceptance[^\n]*$(.*?)(?=^## |\Z)", text, re.M | re.S)
        for number, first in re.findall(r"^(\d+)\. (\S+)", section[1] if section else "", re.M):
            if first != "Later:":
                yield f"{spec.stem}.{number}"


def test_cases_that_nothing_shows(capsys: pytest.CaptureFixture[str]) -> None:
    wanted = list(stated(Path(os.environ.get("SPECIFICATIONS", ""))))
    missing = [case for case in wanted if case not in shown()]

    with capsys.disabled():
        print(f"\n{len(missing)} of {len(wanted)} known cases are shown by nothing:")  # noqa: T201
        print(" ".join(missing))  # noqa: T201


def test_marks_name_a_case() -> None:
    assert all(re.fullmatch(r"[a-z-]+\.[1-9]\d*", case) for case in shown())
