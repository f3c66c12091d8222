"""Pages of the upkeep and of what the event tables hold."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from apps.events.models import UpkeepRun
from tests.conftest import NOW

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fixed_clock")]

RUNS = "/admin/events/upkeeprun/"
STORAGE = f"{RUNS}storage/"


class TestUpkeep:
    @pytest.mark.parametrize("url", [RUNS, STORAGE])
    def test_is_closed_to_cleo(self, cleo_client: Client, url: str) -> None:
        assert cleo_client.get(url).status_code == 403

    @pytest.mark.parametrize("url", [RUNS, STORAGE])
    def test_is_closed_to_ben(self, ben_client: Client, url: str) -> None:
        assert ben_client.get(url).status_code == 403

    def test_says_what_was_done(
        self, ada_client: Client, django_assert_max_num_queries: Any
    ) -> None:
        UpkeepRun.objects.create(
            task="events.roll_up",
            started_at=NOW - timedelta(minutes=5),
            finished_at=NOW - timedelta(minutes=4),
            counts={"days_closed": 1, "device_days": 1_200},
        )

        with django_assert_max_num_queries(9):
            page = ada_client.get(RUNS).content.decode()

        assert "1 days closed, 1,200 days of devices summed up" in page
        assert "5 minutes ago" in page

    def test_changes_nothing_by_hand(self, ada_client: Client) -> None:
        assert ada_client.get(f"{RUNS}add/").status_code == 403

    def test_shows_the_tables(self, ada_client: Client, django_assert_max_num_queries: Any) -> None:
        with django_assert_max_num_queries(8):
            page = ada_client.get(STORAGE).content.decode()

        assert "Performance samples" in page
        assert "14 days" in page
