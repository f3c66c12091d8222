"""What is too long for each push: `make soak`. Variables SOAK_* set the sizes."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.instances import Instance, make_instance, remove

HERE = Path(__file__).parent
FIGURES = pytest.StashKey[list[str]]()


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave this folder out unless it, or something in it, is asked for."""
    asked = [Path(str(argument).partition("::")[0]).resolve() for argument in config.args]
    return None if any(path.is_relative_to(HERE) for path in asked) else True


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the figures of the run, whether its tests passed or failed."""
    figures = terminalreporter.config.stash.get(FIGURES, [])
    if figures:
        terminalreporter.section("figures")
    for line in figures:
        terminalreporter.write_line(line)


@pytest.fixture(scope="session")
def tell(pytestconfig: pytest.Config) -> Callable[[str], None]:
    """Return what adds a line to the figures of the run."""
    return pytestconfig.stash.setdefault(FIGURES, []).append


@pytest.fixture
def stack() -> Iterator[Instance]:
    """Return a fresh running instance without a collector."""
    stack = make_instance(has_collector=False)
    try:
        stack.up()
        yield stack
    finally:
        remove(stack)
