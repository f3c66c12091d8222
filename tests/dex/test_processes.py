"""The processes of an instance."""

from pathlib import Path

import pytest

from dex.management.commands import down
from dex.operations import guard, processes
from dex.operations.accounts import Account
from dex.operations.installation import Installation
from dex.operations.supervisor import Process


@pytest.fixture
def all_of_them(tmp_path: Path) -> list[Process]:
    """Return every process of an instance that still starts."""
    at = Installation(tmp_path, Account.current(), "127.0.0.1", 8000)
    return [
        processes.database(at),
        processes.broker(at),
        processes.cache(at),
        processes.command(at, "prepare_instance"),
        processes.web(at),
        processes.worker(at, ["default"]),
        processes.beat(at),
        processes.collector(at),
    ]


class TestStopSeconds:
    def test_are_all_waited_for_by_down(self, all_of_them: list[Process]) -> None:
        longest = sum(process.stop_seconds for process in all_of_them) + guard.GRACE_SECONDS

        assert longest < down.STOP_SECONDS

    def test_are_those_of_the_table(self, all_of_them: list[Process]) -> None:
        found = {process.name: process.stop_seconds for process in all_of_them}

        assert found == processes.STOP_SECONDS
