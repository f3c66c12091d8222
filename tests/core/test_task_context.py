"""The request id of tasks."""

from typing import Any

import pytest
from celery import shared_task

from apps.core import request_id, task_context


@shared_task(name="tests.tell_request_id")
def tell_request_id() -> str:
    """Return the id under which the task runs."""
    return request_id.current()


class TestTaskContext:
    def test_takes_the_id_along(self) -> None:
        headers: dict[str, Any] = {}

        with request_id.bound() as value:
            task_context.hand_over(headers=headers)

        assert headers == {"dex_request_id": value}

    def test_runs_the_task_under_it(self) -> None:
        result = tell_request_id.apply(headers={"dex_request_id": "a" * 32})

        assert result.get() == "a" * 32

    @pytest.mark.parametrize("headers", [{}, {"dex_request_id": "forged\n"}])
    def test_runs_a_task_without_one_under_its_own(self, headers: dict[str, str]) -> None:
        result = tell_request_id.apply(headers=headers)

        assert len(result.get()) == 32
        assert result.get() != "forged\n"

    def test_is_over_afterwards(self) -> None:
        tell_request_id.apply()

        assert request_id.current() == ""
        assert task_context._running == {}
