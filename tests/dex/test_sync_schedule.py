"""The table of periodic tasks and its rows in the database."""

import pytest
from django.conf import settings
from django.core.management import call_command
from django_celery_beat.models import IntervalSchedule, PeriodicTask

from dex.celery import app
from dex.schedule import SCHEDULE, Periodic

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _synced() -> None:
    call_command("sync_schedule", verbosity=0)


class TestSyncSchedule:
    def test_makes_a_row_of_each_entry(self) -> None:
        rows = PeriodicTask.objects.values_list("name", "task", "queue", "description")

        assert sorted(rows) == sorted(
            (entry.task, entry.task, entry.queue, entry.why) for entry in SCHEDULE
        )

    def test_changes_nothing_the_second_time(self) -> None:
        before = list(PeriodicTask.objects.order_by("pk").values())

        call_command("sync_schedule", verbosity=0)

        assert list(PeriodicTask.objects.order_by("pk").values()) == before

    def test_leaves_the_hour_to_the_administrator(self) -> None:
        row = PeriodicTask.objects.get(name="events.roll_up")
        row.interval = IntervalSchedule.objects.create(every=42, period="seconds")
        row.save()

        call_command("sync_schedule", verbosity=0)

        row.refresh_from_db()
        assert row.interval.every == 42

    def test_puts_back_task_arguments_and_state(self) -> None:
        PeriodicTask.objects.filter(name="events.roll_up").update(
            task="events.purge_batch_notes", args='["x"]', queue="other", enabled=False
        )

        call_command("sync_schedule", verbosity=0)

        row = PeriodicTask.objects.get(name="events.roll_up")
        assert (row.task, row.args, row.queue) == ("events.roll_up", "[]", "maintenance")
        assert row.enabled

    def test_removes_a_task_that_the_code_has_not(self) -> None:
        interval = IntervalSchedule.objects.create(every=42, period="seconds")
        PeriodicTask.objects.create(name="mine", task="events.roll_up", interval=interval)

        call_command("sync_schedule", verbosity=0)

        assert not PeriodicTask.objects.filter(name="mine").exists()


class TestSchedule:
    @pytest.mark.parametrize("entry", SCHEDULE, ids=lambda entry: entry.task)
    def test_names_a_task_in_a_queue_that_a_worker_serves(self, entry: Periodic) -> None:
        app.loader.import_default_modules()

        assert entry.task in app.tasks
        assert entry.queue in settings.DEX_QUEUES

    def test_sends_every_task_to_a_queue_that_a_worker_serves(self) -> None:
        app.loader.import_default_modules()

        queues = {
            vars(type(task)).get("queue") or settings.CELERY_TASK_DEFAULT_QUEUE
            for name, task in app.tasks.items()
            if not name.startswith("celery.")
        }

        assert queues <= set(settings.DEX_QUEUES)
