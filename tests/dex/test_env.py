"""Readers of the environment."""

from collections.abc import Callable
from ipaddress import ip_network
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from dex import env

NAME = "DEX_SAMPLE"


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Set the sample variable."""
    return lambda value: monkeypatch.setenv(NAME, value)


class TestFlag:
    @pytest.mark.parametrize(("value", "found"), [("1", True), ("Off", False), ("", True)])
    def test_reads_words_and_falls_back(
        self, told: Callable[[str], None], value: str, found: bool
    ) -> None:
        told(value)

        assert env.flag(NAME, default=True) is found

    def test_stops_at_anything_else(self, told: Callable[[str], None]) -> None:
        told("perhaps")

        with pytest.raises(ImproperlyConfigured, match="DEX_SAMPLE is 'perhaps': write 1 or 0"):
            env.flag(NAME, default=True)


class TestInteger:
    @pytest.mark.parametrize("value", ["0", "65536", "-1", "8e3", "²"])
    def test_stops_outside_its_range(self, told: Callable[[str], None], value: str) -> None:
        told(value)

        with pytest.raises(ImproperlyConfigured, match="write a number from 1 to 65535"):
            env.integer(NAME, 8000, low=1, high=65535)

    def test_reads_a_number(self, told: Callable[[str], None]) -> None:
        told("8001")

        assert env.integer(NAME, 8000, low=1, high=65535) == 8001


class TestText:
    def test_reads_the_file_that_its_twin_names(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        (tmp_path / "secret").write_text("from the file\n")
        monkeypatch.setenv(f"{NAME}_FILE", str(tmp_path / "secret"))

        assert env.text(NAME) == "from the file"

    def test_names_a_file_that_is_missing(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv(f"{NAME}_FILE", "/nonexistent/secret")

        with pytest.raises(ImproperlyConfigured, match="DEX_SAMPLE_FILE: /nonexistent/secret"):
            env.text(NAME)


class TestNetworks:
    def test_reads_a_list(self, told: Callable[[str], None]) -> None:
        told("10.0.0.0/8, 192.0.2.7")

        assert env.networks(NAME) == [ip_network("10.0.0.0/8"), ip_network("192.0.2.7/32")]

    def test_stops_at_a_network_with_host_bits(self, told: Callable[[str], None]) -> None:
        told("10.0.0.1/8")

        with pytest.raises(ImproperlyConfigured, match="has host bits set"):
            env.networks(NAME)


class TestSecret:
    def test_prefers_the_environment_to_the_launchers_file(
        self, told: Callable[[str], None], tmp_path: Path
    ) -> None:
        (tmp_path / "file").write_text("from the file")
        told("from the environment")

        assert env.secret(NAME, tmp_path / "file", "") == "from the environment"

    def test_reads_the_launchers_file(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("from the file")

        assert env.secret(NAME, tmp_path / "file", "default") == "from the file"
        assert env.secret(NAME, tmp_path / "none", "default") == "default"
