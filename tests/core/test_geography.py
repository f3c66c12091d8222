"""Where addresses lie, by files of the format that administrators provide."""

from pathlib import Path
from typing import Any

import pytest

from apps.core import geography
from apps.core.geography import NOWHERE, Whereabouts
from tests.factories.geography import write_places, write_providers


@pytest.fixture(autouse=True)
def _files_as_they_are(settings: Any) -> None:
    settings.DEX_ADDRESS_FILES = []
    geography.forget()


class TestLookup:
    def test_tells_place_and_provider(self, tmp_path: Path, settings: Any) -> None:
        settings.DEX_ADDRESS_FILES = [write_places(tmp_path), write_providers(tmp_path)]

        found = geography.lookup("203.0.113.9")

        assert found == Whereabouts("France", "Île-de-France", "Paris", "Exemple Télécom")

    def test_tells_the_country_alone_where_the_file_does(
        self, tmp_path: Path, settings: Any
    ) -> None:
        settings.DEX_ADDRESS_FILES = [write_places(tmp_path)]

        assert geography.lookup("198.51.100.7") == Whereabouts("Germany")

    def test_takes_addresses_of_ipv6(self, tmp_path: Path, settings: Any) -> None:
        settings.DEX_ADDRESS_FILES = [write_places(tmp_path)]

        assert geography.lookup("2001:db8:1::7").country == "Spain"

    @pytest.mark.parametrize("address", ["", "no address", "10.0.0.1", "192.0.2.1"])
    def test_tells_nothing_of_what_it_does_not_know(
        self, tmp_path: Path, settings: Any, address: str
    ) -> None:
        settings.DEX_ADDRESS_FILES = [write_places(tmp_path)]

        assert geography.lookup(address) == NOWHERE

    def test_tells_nothing_without_files(self) -> None:
        assert geography.lookup("203.0.113.9") == NOWHERE
        assert not geography.has_files()

    def test_names_a_file_that_is_none(self, tmp_path: Path, settings: Any) -> None:
        broken = tmp_path / "broken.mmdb"
        broken.write_bytes(b"no database at all")
        settings.DEX_ADDRESS_FILES = [broken, tmp_path / "absent.mmdb", write_places(tmp_path)]

        assert geography.problems() == (
            "broken.mmdb cannot be read (InvalidDatabaseError).",
            "absent.mmdb cannot be read (FileNotFoundError).",
        )
        assert geography.lookup("203.0.113.9").city == "Paris"

    def test_reads_a_newer_file_that_took_the_place(
        self, tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path = tmp_path / "places.mmdb"
        settings.DEX_ADDRESS_FILES = [path]
        assert not geography.has_files()
        monkeypatch.setattr(geography, "LOOK_AGAIN_SECONDS", 0)
        geography.forget()
        assert geography.lookup("203.0.113.9") == NOWHERE

        write_places(tmp_path).rename(path)

        assert geography.lookup("203.0.113.9").city == "Paris"
