"""The virtual environment, and the copy of the code that root's instance runs."""

import os
from pathlib import Path

import pytest

from dex.operations import code, install


class TestFindPython:
    def test_finds_one_that_every_account_can_execute(self) -> None:
        found = install.find_python()

        assert os.access(found, os.X_OK)
        assert install._is_reachable(found)

    def test_passes_over_a_python_that_is_too_old(self, tmp_path: Path) -> None:
        old = tmp_path / "python3"
        old.write_text("#!/bin/sh\necho 3 10\n")
        old.chmod(0o755)

        assert not install._is_fit(str(old))


class TestInstall:
    def test_is_quick_when_nothing_has_changed(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        lock = tmp_path / "requirements.lock"
        lock.write_text("django==5.2.19\n")
        (tmp_path / "venv").mkdir()
        (tmp_path / "venv" / install.MARK).write_text("\n".join(install.fingerprint([lock])))
        monkeypatch.setattr(install, "_run", pytest.fail)

        install.install(tmp_path / "venv", [lock])

    def test_installs_again_when_a_lock_has_changed(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        lock = tmp_path / "requirements.lock"
        lock.write_text("django==5.2.19\n")
        (tmp_path / "venv" / "bin").mkdir(parents=True)
        (tmp_path / "venv" / "bin" / "python").touch()
        (tmp_path / "venv" / install.MARK).write_text("of before")
        commands: list[list[str]] = []
        monkeypatch.setattr(install, "_run", commands.append)

        install.install(tmp_path / "venv", [lock])

        assert "--require-hashes" in commands[0]
        assert commands[0][-2:] == ["--requirement", str(lock)]


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Return a small tree of code."""
    folder = tmp_path / "source"
    (folder / "dex" / "__pycache__").mkdir(parents=True)
    (folder / "manage.py").write_text("one = 1\n")
    (folder / "dex" / "settings.py").write_text("two = 2\n")
    (folder / "dex" / "__pycache__" / "settings.pyc").write_text("")
    (folder / "tests").mkdir()
    (folder / "tests" / "test_it.py").write_text("")
    return folder


class TestDeploy:
    def test_copies_what_runs_and_nothing_else(self, source: Path, tmp_path: Path) -> None:
        code.deploy(source, tmp_path / "app")

        copied = sorted(
            str(path.relative_to(tmp_path / "app")) for path in (tmp_path / "app").rglob("*.py")
        )
        assert copied == ["dex/settings.py", "manage.py"]

    def test_lets_others_read_and_not_write(self, source: Path, tmp_path: Path) -> None:
        (source / "manage.py").chmod(0o600)

        code.deploy(source, tmp_path / "app")

        assert (tmp_path / "app" / "manage.py").stat().st_mode & 0o777 == 0o644
        assert (tmp_path / "app" / "dex").stat().st_mode & 0o777 == 0o755

    def test_leaves_a_copy_that_is_up_to_date(self, source: Path, tmp_path: Path) -> None:
        code.deploy(source, tmp_path / "app")
        before = (tmp_path / "app").stat().st_ino

        code.deploy(source, tmp_path / "app")

        assert (tmp_path / "app").stat().st_ino == before

    def test_forgets_a_file_that_is_gone(self, source: Path, tmp_path: Path) -> None:
        code.deploy(source, tmp_path / "app")
        (source / "dex" / "settings.py").unlink()

        code.deploy(source, tmp_path / "app")

        assert not (tmp_path / "app" / "dex" / "settings.py").exists()
