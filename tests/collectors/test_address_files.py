"""Files of public addresses: what the doctor and the page of the configuration say of them."""

from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from apps.collectors import health
from tests.conftest import NOW
from tests.factories.collectors import configure
from tests.factories.geography import write_places

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fixed_clock")]

DECIDE = "/admin/collectors/collectorconfiguration/add/?level=instance"
LACKING = "name it in DEX_ADDRESS_FILES"


@pytest.fixture(autouse=True)
def _no_files(settings: Any) -> None:
    settings.DEX_ADDRESS_FILES = []


class TestDoctor:
    def test_asks_for_nothing_where_nothing_may_be_looked_up(self) -> None:
        configure()

        assert health.address_files(NOW).level == "ok"

    def test_asks_for_a_file_where_one_is_needed(self) -> None:
        configure(public_ip_location="country")

        found = health.address_files(NOW)

        assert found.level == "warning"
        assert "DEX_ADDRESS_FILES" in found.text

    def test_names_a_file_that_cannot_be_read(self, tmp_path: Path, settings: Any) -> None:
        settings.DEX_ADDRESS_FILES = [tmp_path / "absent.mmdb"]

        found = health.address_files(NOW)

        assert found.level == "warning"
        assert "absent.mmdb" in found.text

    def test_is_content_with_a_file(self, tmp_path: Path, settings: Any) -> None:
        configure(public_ip_location="city")
        settings.DEX_ADDRESS_FILES = [write_places(tmp_path)]

        assert health.address_files(NOW).level == "ok"


class TestConfigurationPage:
    def test_says_what_the_switch_lacks(self, ada_client: Client) -> None:
        configure()

        assert LACKING in ada_client.get(DECIDE).content.decode()

    def test_says_nothing_where_there_is_a_file(
        self, ada_client: Client, tmp_path: Path, settings: Any
    ) -> None:
        configure()
        settings.DEX_ADDRESS_FILES = [write_places(tmp_path)]

        assert LACKING not in ada_client.get(DECIDE).content.decode()
