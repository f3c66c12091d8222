"""The papers say what is there: paths, commands, targets and variables that they name exist."""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from django.core.management import get_commands

TREE = Path(__file__).parents[2]
PAPERS = sorted([*TREE.glob("*.md"), *TREE.glob("docs/**/*.md")])
FOLDERS = ("apps", "benchmarks", "collector", "dex", "docs", "static", "templates", "tests", ".ci")
README_LINES = 150

CODE = re.compile(r"`([^`\n]+)`")
FENCE = re.compile(r"^```.*?^```$", re.M | re.S)
PATH = re.compile(rf"(?:{'|'.join(map(re.escape, FOLDERS))})/[\w./-]+")
COMMAND = re.compile(r"manage\.py ([a-z_]+)")
TARGET = re.compile(r"\bmake ([a-z-]+)")
VARIABLE = re.compile(r"\b(?:DEX_[A-Z_]+[A-Z]|DATABASE_URL|CELERY_BROKER_URL)\b")
LINK = re.compile(r"\]\((?!https?:|#|mailto:)([^)#\s]+)")


@cache
def words(paper: Path) -> tuple[str, ...]:
    """Return what a paper sets in code: between backticks, and in blocks."""
    text = paper.read_text(encoding="utf-8")
    return (*CODE.findall(FENCE.sub("", text)), *FENCE.findall(text))


def named(pattern: re.Pattern[str]) -> Iterator[tuple[str, str]]:
    """Yield (paper, name) for each name of the pattern that a paper sets in code."""
    for paper in PAPERS:
        names = {name for word in words(paper) for name in pattern.findall(word)}
        yield from ((str(paper.relative_to(TREE)), name) for name in sorted(names))


def named_paths() -> Iterator[tuple[str, str]]:
    """Yield (paper, path) for each file or folder of this tree that stands between backticks."""
    for paper in PAPERS:
        for word in sorted(set(CODE.findall(FENCE.sub("", paper.read_text(encoding="utf-8"))))):
            if PATH.fullmatch(word.partition("::")[0]):
                yield str(paper.relative_to(TREE)), word


def links() -> Iterator[tuple[str, str]]:
    """Yield (paper, target) for each link to a text of this tree; pictures are made later."""
    for paper in PAPERS:
        for target in LINK.findall(paper.read_text(encoding="utf-8")):
            if not target.endswith(".png"):
                yield str(paper.relative_to(TREE)), target


@cache
def python_code() -> str:
    """Return the code that reads the environment."""
    files = [file for name in ("dex", "apps", "tests") for file in (TREE / name).rglob("*.py")]
    return "\n".join(file.read_text(encoding="utf-8") for file in files if file != Path(__file__))


@pytest.mark.parametrize(("paper", "word"), list(named_paths()))
def test_a_path_exists(paper: str, word: str) -> None:
    path, _, name = word.partition("::")

    assert (TREE / path).exists(), f"{paper} names {path}"
    assert not name or name in (TREE / path).read_text(encoding="utf-8"), f"{paper} names {word}"


@pytest.mark.parametrize(("paper", "command"), list(named(COMMAND)))
def test_a_command_exists(paper: str, command: str) -> None:
    assert command in get_commands(), f"{paper} names {command}"


@pytest.mark.parametrize(("paper", "target"), list(named(TARGET)))
def test_a_target_exists(paper: str, target: str) -> None:
    makefile = (TREE / "Makefile").read_text(encoding="utf-8")

    assert re.search(rf"^{target}:", makefile, re.M), f"{paper} names make {target}"


@pytest.mark.parametrize(("paper", "variable"), list(named(VARIABLE)))
def test_a_variable_is_known(paper: str, variable: str) -> None:
    assert variable in python_code(), f"{paper} names {variable}"


@pytest.mark.parametrize(("paper", "target"), list(links()))
def test_a_link_leads_somewhere(paper: str, target: str) -> None:
    assert ((TREE / paper).parent / target).exists(), f"{paper} links to {target}"


def test_the_readme_is_short() -> None:
    lines = (TREE / "README.md").read_text(encoding="utf-8").splitlines()

    assert len(lines) < README_LINES
