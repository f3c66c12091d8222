"""A plugin for pytest: each test many times, each time in a transaction of its own.

What a transaction leaves behind, dead rows and subtransactions, slows down all that follows in it;
so many examples are many rounds of a few. Loaded by `-p tests.soak.rounds`.
"""

import pytest

from tests.soak.sizes import size

ROUNDS = size("ROUNDS", 1)

_failed: set[str] = set()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Repeat each test."""
    metafunc.fixturenames.append("round_number")
    metafunc.parametrize("round_number", range(ROUNDS))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run one round of all tests after the other: a run that is cut short has tried each."""
    items.sort(key=lambda item: int(item.nodeid.rpartition("[")[2].rstrip("]").rpartition("-")[2]))


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip the later rounds of a test that has failed: they would find the same again."""
    if _without_round(item.nodeid) in _failed:
        pytest.skip("An earlier round has failed.")


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Remember what has failed, and say so at once: the end may be hours away."""
    if report.failed:
        _failed.add(_without_round(report.nodeid))
        print(f"\n{report.nodeid}\n{report.longreprtext}", flush=True)  # noqa: T201 - a log


@pytest.fixture(autouse=True)
def _without_dead_rows(django_db_setup: None) -> None:
    """Vacuum what earlier rounds have rolled back; the tests' server does not do so by itself."""
    from tests.conftest import DATABASE
    from tests.environment import DATABASE as NAME

    with DATABASE.cluster.connect(NAME) as connection:
        connection.execute("VACUUM")


def _without_round(node: str) -> str:
    return node.rpartition("[")[0]
