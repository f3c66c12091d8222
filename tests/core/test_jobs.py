"""Jobs that outlive their worker, shown with the table of runs over the fleet."""

from collections.abc import Callable
from datetime import datetime

import pytest
from celery.exceptions import SoftTimeLimitExceeded
from django.db import OperationalError, connection

from apps.core.jobs import JobState, Runner
from apps.devices.models import ClassificationRun
from tests.conftest import NOW
from tests.core.test_locks import taken_elsewhere

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fixed_clock")]

NAME = "core.test"
CANARY = "a.rossi"


class Work:
    """Steps up to the total of a job, and what goes wrong before a step of some number."""

    def __init__(self) -> None:
        self.problems: dict[int, Callable[[], object]] = {}
        self.steps: list[int] = []
        self.finished: list[int] = []
        self.runner = Runner(NAME, ClassificationRun, self.advance, self.finish, ("moved",))

    def advance(self, job: ClassificationRun, now: datetime) -> int:
        if job.done == job.total:
            return 0
        # Written before what goes wrong: only a step that is noted may leave it.
        ClassificationRun.objects.filter(pk=job.pk).update(last_device_id=job.done + 1)
        self.problems.pop(job.done, lambda: None)()
        self.steps.append(job.pk)
        job.done, job.moved = job.done + 1, job.moved + 1
        return 1

    def finish(self, job: ClassificationRun, now: datetime) -> None:
        self.finished.append(job.pk)


@pytest.fixture
def work() -> Work:
    return Work()


def make_job(total: int = 3) -> ClassificationRun:
    return ClassificationRun.objects.create(total=total, created_at=NOW)


def again(job: ClassificationRun) -> ClassificationRun:
    return ClassificationRun.objects.get(pk=job.pk)


def die() -> None:
    raise SystemExit


def break_down() -> None:
    raise RuntimeError(f"{CANARY} in a message")


def run_out_of_time() -> None:
    raise SoftTimeLimitExceeded


def passes(state: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '{state}'; END $$")


class TestRunner:
    def test_does_every_step_of_every_open_job_oldest_first(self, work: Work) -> None:
        first, second = make_job(2), make_job(1)

        assert work.runner.run_open() == 3

        assert work.steps == [first.pk, first.pk, second.pk]
        assert work.finished == [first.pk, second.pk]
        done = again(first)
        assert (done.state, done.done, done.moved) == (JobState.DONE, 2, 2)
        assert (done.heartbeat_at, done.finished_at) == (NOW, NOW)

    def test_does_nothing_twice(self, work: Work) -> None:
        make_job()
        work.runner.run_open()

        assert work.runner.run_open() == 0

        assert len(work.steps) == 3
        assert len(work.finished) == 1

    def test_leaves_jobs_to_the_worker_that_has_them(self, work: Work) -> None:
        job = make_job()

        with taken_elsewhere(NAME):
            assert work.runner.run_open() == 0

        assert again(job).state == JobState.WAITING

    def test_takes_them_over_once_the_session_of_a_dead_worker_ended(self, work: Work) -> None:
        make_job()
        worker = taken_elsewhere(NAME)
        before = work.runner.run_open()

        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [worker.info.backend_pid])

        assert (before, work.runner.run_open()) == (0, 3)

    def test_goes_on_after_the_last_step_noted(self, work: Work) -> None:
        job = make_job()
        work.problems[1] = die
        with pytest.raises(SystemExit):
            work.runner.run_open()
        left = again(job)

        assert work.runner.run_open() == 2

        assert (left.state, left.done, left.last_device_id) == (JobState.RUNNING, 1, 1)
        assert again(job).moved == 3

    def test_closes_a_job_that_fails_and_does_the_others(self, work: Work) -> None:
        bad, good = make_job(), make_job(1)
        work.problems[1] = break_down

        assert work.runner.run_open() == 2

        failed = again(bad)
        assert (failed.state, failed.error) == (JobState.FAILED, "RuntimeError")
        assert (failed.done, failed.finished_at) == (1, NOW)
        assert (again(good).state, work.finished) == (JobState.DONE, [good.pk])

    @pytest.mark.parametrize("state", ["40P01", "57P01"], ids=["deadlock", "server stops"])
    def test_lets_the_task_try_again_after_what_passes(self, work: Work, state: str) -> None:
        job = make_job()
        work.problems[1] = lambda: passes(state)

        with pytest.raises(OperationalError):
            work.runner.run_open()

        assert again(job).state == JobState.RUNNING
        assert work.runner.run_open() == 2

    def test_leaves_the_rest_to_the_next_call_when_its_time_is_up(self, work: Work) -> None:
        job, other = make_job(), make_job(1)
        work.problems[2] = run_out_of_time

        assert work.runner.run_open() == 2

        assert (again(job).state, again(other).state) == (JobState.RUNNING, JobState.WAITING)
        assert work.runner.run_open() == 2

    def test_closes_a_job_whose_step_takes_all_the_time(self, work: Work) -> None:
        job = make_job()
        work.problems[0] = run_out_of_time

        work.runner.run_open()

        assert again(job).error == "SoftTimeLimitExceeded"

    def test_lets_a_job_be_that_somebody_closed_meanwhile(self, work: Work) -> None:
        first, second = make_job(), make_job()
        newer = ClassificationRun.objects.filter(pk=second.pk)
        work.problems[1] = lambda: newer.update(state=JobState.REPLACED)

        assert work.runner.run_open() == 3

        assert (again(second).state, work.finished) == (JobState.REPLACED, [first.pk])
