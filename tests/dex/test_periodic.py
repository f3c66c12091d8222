"""Periodic tasks in the console: moved, run at once, never changed otherwise."""

from datetime import time, timedelta
from typing import Any

import pytest
from celery import current_app
from django.core.management import call_command
from django.test import Client
from django_celery_beat.models import PeriodicTask
from kombu.exceptions import OperationalError

from apps.audit.choices import AuditCode
from apps.audit.models import InboxEvent
from dex import periodic
from dex.periodic import Rhythm
from tests.conftest import NOW

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fixed_clock")]

TASKS = "/admin/django_celery_beat/periodictask/"


@pytest.fixture
def roll_up() -> PeriodicTask:
    """Return the task that sums up days."""
    call_command("sync_schedule", verbosity=0)
    return PeriodicTask.objects.get(name="events.roll_up")


def page_of(task: PeriodicTask) -> str:
    """Return the address of a task's page."""
    return f"{TASKS}{task.pk}/change/"


class TestPeriodicTasks:
    def test_are_closed_to_cleo(self, cleo_client: Client, roll_up: PeriodicTask) -> None:
        assert cleo_client.get(TASKS).status_code == 403
        assert cleo_client.post(page_of(roll_up)).status_code == 403
        assert cleo_client.post(f"{TASKS}{roll_up.pk}/run/").status_code == 403

    def test_say_when_they_run(
        self, ada_client: Client, roll_up: PeriodicTask, django_assert_max_num_queries: Any
    ) -> None:
        with django_assert_max_num_queries(8):
            page = ada_client.get(TASKS).content.decode()

        assert "every 10 minutes" in page
        assert "every day at 03:20" in page

    def test_are_moved(self, ada_client: Client, roll_up: PeriodicTask) -> None:
        form = {"kind": "interval", "every": "30", "unit": "minutes", "at": ""}

        response = ada_client.post(page_of(roll_up), form)

        roll_up.refresh_from_db()
        event = InboxEvent.objects.get(code=AuditCode.PERIODIC_TASK_CHANGED)
        assert response.status_code == 302
        assert periodic.rhythm_of(roll_up) == Rhythm(every=timedelta(minutes=30))
        assert event.detail["old"]["rhythm"] == "every 600 s"
        assert event.detail["new"]["rhythm"] == "every 1800 s"

    def test_are_moved_to_a_time_of_the_day(
        self, ada_client: Client, roll_up: PeriodicTask
    ) -> None:
        ada_client.post(page_of(roll_up), {"kind": "daily", "at": "04:30"})

        roll_up.refresh_from_db()
        assert periodic.rhythm_of(roll_up) == Rhythm(at=time(4, 30))
        assert periodic.next_run(roll_up, NOW) == NOW.replace(day=3, hour=4, minute=30)

    @pytest.mark.parametrize(
        "form",
        [
            {"kind": "interval", "every": "", "unit": "minutes"},
            {"kind": "interval", "every": "0", "unit": "minutes"},
            {"kind": "interval", "every": "25", "unit": "hours"},
            {"kind": "daily", "at": ""},
            {"kind": "never"},
        ],
    )
    def test_are_not_moved_out_of_sight(
        self, ada_client: Client, roll_up: PeriodicTask, form: dict[str, str]
    ) -> None:
        response = ada_client.post(page_of(roll_up), form)

        roll_up.refresh_from_db()
        assert response.status_code == 200
        assert "errorlist" in response.content.decode()
        assert periodic.rhythm_of(roll_up) == Rhythm(every=timedelta(minutes=10))

    def test_are_not_disabled_where_data_would_stay(
        self, ada_client: Client, roll_up: PeriodicTask
    ) -> None:
        form = {"kind": "interval", "every": "10", "unit": "minutes", "is_enabled": ""}

        ada_client.post(page_of(roll_up), form)

        roll_up.refresh_from_db()
        assert roll_up.enabled

    def test_change_neither_task_nor_arguments(
        self, ada_client: Client, roll_up: PeriodicTask
    ) -> None:
        form = {"kind": "daily", "at": "04:30", "task": "os.system", "kwargs": '{"a": 1}'}

        ada_client.post(page_of(roll_up), form)

        roll_up.refresh_from_db()
        assert (roll_up.task, roll_up.kwargs) == ("events.roll_up", "{}")

    def test_are_neither_added_nor_deleted(self, ada_client: Client, roll_up: PeriodicTask) -> None:
        assert ada_client.get(f"{TASKS}add/").status_code == 403
        assert ada_client.post(f"{TASKS}{roll_up.pk}/delete/").status_code == 403

    @pytest.mark.parametrize("model", ["intervalschedule", "crontabschedule", "solarschedule"])
    def test_have_no_tables_of_their_own(self, ada_client: Client, model: str) -> None:
        assert ada_client.get(f"/admin/django_celery_beat/{model}/").status_code == 404

    def test_run_at_once(
        self, ada_client: Client, roll_up: PeriodicTask, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        sent: list[tuple[str, str]] = []
        monkeypatch.setattr(
            current_app, "send_task", lambda name, queue, **_how: sent.append((name, queue))
        )

        ada_client.post(f"{TASKS}{roll_up.pk}/run/")

        event = InboxEvent.objects.get(code=AuditCode.PERIODIC_TASK_CHANGED)
        assert sent == [("events.roll_up", "maintenance")]
        assert event.detail == {"run": "now"}

    def test_say_when_nobody_takes_them(
        self, ada_client: Client, roll_up: PeriodicTask, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fail(*_args: object, **_options: object) -> None:
            raise OperationalError

        monkeypatch.setattr(current_app, "send_task", fail)

        response = ada_client.post(f"{TASKS}{roll_up.pk}/run/", follow=True)

        assert "the broker does not answer" in response.content.decode()
        assert not InboxEvent.objects.filter(code=AuditCode.PERIODIC_TASK_CHANGED).exists()

    def test_run_at_once_by_post_alone(self, ada_client: Client, roll_up: PeriodicTask) -> None:
        assert ada_client.get(f"{TASKS}{roll_up.pk}/run/").status_code == 405
