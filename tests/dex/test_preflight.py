"""Sentences about what would stop a start."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from dex.operations import accounts, preflight
from dex.operations.accounts import Account
from dex.operations.problems import StartProblem

STRANGER = Account("stranger", 64_999, 64_999)


@pytest.fixture
def taken_port() -> Iterator[int]:
    """Return a port on which something listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


class TestPort:
    def test_names_the_port_and_how_to_choose_another(self, taken_port: int) -> None:
        with pytest.raises(StartProblem) as found:
            preflight.check_port("127.0.0.1", taken_port)

        assert f"Port {taken_port} on 127.0.0.1 is taken" in str(found.value)
        assert f"DEX_PORT={taken_port + 1} make run" in str(found.value)

    def test_names_a_foreign_address(self) -> None:
        with pytest.raises(StartProblem, match=r"DEX_HOST is 192\.0\.2\.1, which is no address"):
            preflight.check_port("192.0.2.1", 8000)


class TestDisk:
    def test_names_the_free_space(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        monkeypatch.setattr(preflight, "FREE_BYTES", 1 << 60)

        with pytest.raises(StartProblem, match=r"is nearly full: .* MB are free"):
            preflight.check_disk(tmp_path)


class TestServers:
    def test_names_a_database_out_of_reach(self) -> None:
        with pytest.raises(StartProblem, match="DATABASE_URL: the database cannot be opened: conn"):
            preflight.check_database("postgresql://dex:x@127.0.0.1:1/dex")

    def test_names_a_broker_out_of_reach(self) -> None:
        with pytest.raises(StartProblem, match="CELERY_BROKER_URL: the broker does not answer"):
            preflight.check_broker("redis://127.0.0.1:1/0")

    def test_names_a_cache_out_of_reach(self) -> None:
        with pytest.raises(StartProblem, match="DEX_CACHE_URL: the cache does not answer"):
            preflight.check_cache("redis://127.0.0.1:1/0")


class TestReach:
    def test_names_the_closed_folder_and_its_mode(self, tmp_path: Path) -> None:
        closed = tmp_path / "closed"
        (closed / "home").mkdir(parents=True)
        closed.chmod(0o750)
        for folder in [tmp_path, *list(tmp_path.parents)[:-2]]:
            folder.chmod(folder.stat().st_mode | 0o011)

        with pytest.raises(StartProblem) as found:
            accounts.require_reach(closed / "home", STRANGER, "DEX_HOME")

        assert f"cannot enter {closed} (mode 0750)" in str(found.value)
        assert f"chmod o+x {closed}" in str(found.value)

    def test_finds_no_folder_in_an_open_way(self) -> None:
        assert accounts.folder_in_the_way(Path("/usr/bin"), STRANGER) is None
