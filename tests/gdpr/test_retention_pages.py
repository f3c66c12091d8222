"""The pages of retention: what a change would take, terms and tasks, how far back lists go."""

from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import connection
from django.test import Client

from apps.events import partitions
from apps.gdpr import preview, terms
from apps.gdpr.choices import RetentionClass
from apps.gdpr.models import RetentionPolicy
from apps.gdpr.rules import RULES
from apps.gdpr.upkeep import purge_aged
from tests.conftest import NOW
from tests.events.rows import add_boot
from tests.factories.accounts import make_account, make_profile
from tests.factories.collectors import (
    device_of,
    make_machine,
)
from tests.gdpr.changing import DAY, days

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fixed_clock")]

URL = "/admin/gdpr/retentionpolicy/"
TERMS_URL = f"{URL}terms/"


class TestPreview:
    def test_estimates_by_statistics(self) -> None:
        for hour in range(4):
            add_boot(occurred_at=NOW - timedelta(days=2, hours=hour))
        for partition in partitions.existing_partitions()["devices_boot"]:
            with connection.cursor() as cursor:
                cursor.execute(f"ANALYZE {partition.name}")

        found = preview.losses(RetentionClass.OPERATIONAL, old=30 * DAY, new=DAY, now=NOW)

        assert {loss.table: loss.rows for loss in found}["Boots"] == 4

    def test_counts_devices_and_users(self) -> None:
        device = device_of(make_machine())
        long_ago = NOW - timedelta(days=40)
        type(device).objects.update(first_seen_at=long_ago, last_seen_at=long_ago)

        found = preview.losses(RetentionClass.INVENTORY, old=90 * DAY, new=30 * DAY, now=NOW)

        assert {loss.table: loss.rows for loss in found} == {"Devices": 1, "Users": 0}


class TestPage:
    def form(self, **changes: int) -> dict[str, str]:
        """Return the form as it is shown, with changes."""
        shown = {name.value: rule.default // rule.unit for name, rule in RULES.items()}
        return {name: str(number) for name, number in {**shown, **changes}.items()}

    def test_shows_terms_and_tasks(self, ada_client: Client) -> None:
        page = ada_client.get(URL).content.decode()

        assert "90 days" in page
        assert "48 hours" in page
        assert "Remove devices and users without activity" in page

    def test_says_when_a_task_ran_what_it_did_and_when_it_is_due(self, ada_client: Client) -> None:
        call_command("sync_schedule", verbosity=0)
        purge_aged(now=NOW - timedelta(hours=9))

        page = ada_client.get(URL).content.decode()

        assert "9 h ago" in page or "9 hours ago" in page
        assert "nothing to do" in page
        assert "3 Mar 2026, 02:50" in page

    def test_shows_what_goes_before_it_saves(self, ada_client: Client) -> None:
        page = ada_client.post(TERMS_URL, self.form(daily_person=60)).content.decode()

        assert "What goes" in page
        assert days("daily_person", NOW + 2 * DAY) == 90

    def test_saves_what_is_confirmed(self, ada_client: Client) -> None:
        form = {**self.form(daily_person=60), "confirmed": "yes"}

        response = ada_client.post(TERMS_URL, form)

        terms.forget()
        assert response.status_code == 302
        assert days("daily_person", NOW + DAY) == 60
        assert "60 days" in ada_client.get(URL).content.decode()

    def test_says_which_rule_is_broken(self, ada_client: Client) -> None:
        form = {**self.form(highres=31), "confirmed": "yes"}

        page = ada_client.post(TERMS_URL, form).content.decode()

        assert "“High resolution” may not be kept longer than “Single events”." in page
        assert days("highres", NOW + 2 * DAY) == 30

    def test_who_may_only_see_cannot_change(self, client: Client) -> None:
        profile = make_profile("Council", permissions=["gdpr.view_retentionpolicy"])
        client.force_login(make_account("council", profile=profile))

        assert client.get(URL).status_code == 200
        assert client.get(TERMS_URL).status_code == 403
        assert client.post(TERMS_URL, self.form(daily=100)).status_code == 403

    @pytest.mark.parametrize("url", [URL, TERMS_URL])
    def test_is_closed_to_cleo_and_ben(
        self, cleo_client: Client, ben_client: Client, url: str
    ) -> None:
        assert cleo_client.get(url).status_code == 403
        assert ben_client.get(url).status_code == 403

    def test_has_no_page_of_one_class(self, ada_client: Client) -> None:
        policy = RetentionPolicy.objects.first()
        assert policy is not None

        assert ada_client.get(f"{URL}{policy.pk}/change/").status_code == 404


class TestLists:
    def test_say_from_when_on_rows_are_kept(self, ada_client: Client) -> None:
        RetentionPolicy.objects.filter(retention_class="operational").update(term=2 * DAY)
        terms.forget()

        week = ada_client.get("/admin/devices/boot/?window=7d").content.decode()
        today = ada_client.get("/admin/devices/boot/?window=24h").content.decode()

        assert "past retention." in week
        assert "past retention." not in today
