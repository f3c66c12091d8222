"""The lock of a DEX_HOME."""

import fcntl
from pathlib import Path

import pytest

from dex.operations.guard import Lock
from dex.operations.problems import StartProblem

STALE = "4194304"  # larger than any process number


class TestLock:
    def test_names_who_holds_it(self, tmp_path: Path) -> None:
        lock = Lock(tmp_path / "up.lock")
        (tmp_path / "up.lock").write_text(STALE)

        lock.take()

        assert lock.holder() is not None
        assert str(lock.holder()) != STALE
        with pytest.raises(StartProblem, match="dex already runs on"):
            Lock(tmp_path / "up.lock").take()

    def test_is_held_by_nobody_while_others_only_look(self, tmp_path: Path) -> None:
        file = tmp_path / "up.lock"
        file.write_text(STALE)

        with file.open() as other:
            fcntl.flock(other, fcntl.LOCK_SH)
            assert Lock(file).holder() is None

    def test_is_held_by_nobody_before_the_first_start(self, tmp_path: Path) -> None:
        assert Lock(tmp_path / "up.lock").holder() is None
