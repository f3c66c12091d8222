"""The id that goes with a request."""

from typing import Any

import pytest
import structlog
from django.db import connection
from django.test import Client

from apps.core import request_id


class TestBound:
    def test_makes_an_id_of_its_own(self) -> None:
        with request_id.bound() as value:
            assert request_id.current() == value
            assert len(value) == 32

    def test_keeps_one_that_another_process_handed_over(self) -> None:
        with request_id.bound("a" * 32) as value:
            assert value == "a" * 32

    @pytest.mark.parametrize("text", ["x", "A" * 32, "a" * 31 + "\n", '"; drop table'])
    def test_replaces_what_would_write_into_the_logs(self, text: str) -> None:
        with request_id.bound(text) as value:
            assert value != text

    def test_is_over_afterwards(self) -> None:
        with request_id.bound():
            pass

        assert request_id.current() == ""

    def test_is_part_of_each_line_of_the_log(self) -> None:
        with request_id.bound() as value:
            assert structlog.contextvars.get_contextvars()["request_id"] == value

    @pytest.mark.django_db
    def test_is_a_comment_of_each_statement(self) -> None:
        seen: list[Any] = []

        def spy(execute: Any, sql: Any, *rest: Any) -> Any:
            seen.append(sql)
            return execute(sql, *rest)

        with (
            request_id.bound() as value,
            connection.execute_wrapper(spy),
            connection.cursor() as cursor,
        ):
            cursor.execute("SELECT 1")

        assert seen == [f"SELECT 1 /* request_id={value} */"]


class TestRequestIdMiddleware:
    @pytest.mark.django_db
    def test_answers_with_the_id(self, client: Client) -> None:
        assert len(client.get("/admin/login/")["X-Request-Id"]) == 32
