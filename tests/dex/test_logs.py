"""Log lines: JSON, with the request id, without values."""

import json
import logging
from typing import Any

import pytest
from django.test import RequestFactory
from structlog.stdlib import ProcessorFormatter

from apps.core import request_id
from dex import logs

SECRET = "ada@example.com"


def line(logger: str, message: str, *args: Any, **record: Any) -> dict[str, Any]:
    """Return what a log call writes."""
    settings = dict(logs.configuration()["formatters"]["json"])
    formatter: ProcessorFormatter = settings.pop("()")(**settings)
    extra = record.pop("extra", {})
    entry = logging.getLogger(logger).makeRecord(
        logger, logging.ERROR, __file__, 1, message, args, record.get("exc_info"), extra=extra
    )
    found: dict[str, Any] = json.loads(formatter.format(entry))
    return found


def failure() -> Any:
    """Return the exc_info of an exception whose text quotes a value."""
    try:
        raise ValueError(f"Key (name)=({SECRET}) already exists")
    except ValueError as error:
        return (type(error), error, error.__traceback__)


class TestLines:
    def test_carry_message_level_and_counts(self) -> None:
        found = line("apps.events", "%d rows", 7, extra={"counts": {"rows": 7}})

        assert (found["event"], found["level"], found["logger"]) == (
            "7 rows",
            "error",
            "apps.events",
        )
        assert found["counts"] == {"rows": 7}

    def test_carry_the_request_id(self, db: None) -> None:
        with request_id.bound("ab" * 16):
            assert line("apps.events", "hello")["request_id"] == "ab" * 16

    def test_name_an_exception_and_its_places_without_its_text(self) -> None:
        found = line("apps.events", "It failed", exc_info=failure())

        assert found["error"] == "builtins.ValueError"
        assert found["places"][0].endswith(" failure")
        assert SECRET not in json.dumps(found)

    def test_name_the_route_of_a_failed_request_without_its_address(self) -> None:
        request = RequestFactory().get(f"/admin/devices/device/?q={SECRET}")

        found = line(
            "django.request",
            "Internal Server Error: %s",
            request.path + SECRET,
            extra={"request": request, "status_code": 500},
            exc_info=failure(),
        )

        assert found["status_code"] == 500
        assert found["event"] == "Request failed"
        assert SECRET not in json.dumps(found)

    def test_name_a_failed_task_without_its_arguments(self) -> None:
        data = {"id": "17", "name": "events.roll_up", "args": SECRET, "exc": SECRET}

        found = line("celery.app.trace", f"Task raised {SECRET}", extra={"data": data})

        assert (found["task"], found["task_id"]) == ("events.roll_up", "17")
        assert SECRET not in json.dumps(found)


@pytest.mark.parametrize("name", ["celery.worker.strategy", "django.request"])
def test_loggers_that_write_a_line_per_call_are_quiet(name: str) -> None:
    assert logs.configuration()["loggers"][name]["level"] in {"WARNING", "ERROR"}
