"""One id goes with a request through logs, tasks, the database and the audit log."""

import re
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import structlog
from django.db import connection
from django.http import HttpRequest, HttpResponse

HEADER = "X-Request-Id"

_current: ContextVar[str] = ContextVar("dex_request_id", default="")
_SHAPE = re.compile(r"[0-9a-f]{32}")


def current() -> str:
    """Return the id of the work under way, "" outside any."""
    return _current.get()


@contextmanager
def bound(request_id: str = "") -> Iterator[str]:
    """Give the enclosed work an id: the one handed over by another process, or a new one.

    Anything but 32 lower-case hex digits is replaced, so that no caller writes into the logs.
    """
    value = request_id if _SHAPE.fullmatch(request_id) else uuid.uuid4().hex
    token = _current.set(value)
    try:
        with (
            structlog.contextvars.bound_contextvars(request_id=value),
            connection.execute_wrapper(_comment),
        ):
            yield value
    finally:
        _current.reset(token)


class RequestIdMiddleware:
    """Gives each request a new id, shown in the answer's header."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        with bound() as request_id:
            request.request_id = request_id  # type: ignore[attr-defined]
            response = self.get_response(request)
        response[HEADER] = request_id
        return response


def _comment(
    execute: Callable[..., Any], sql: Any, params: Any, many: bool, context: dict[str, Any]
) -> Any:
    """Name the request behind each statement, for whoever reads pg_stat_activity."""
    if isinstance(sql, str):
        sql = f"{sql} /* request_id={current()} */"
    return execute(sql, params, many, context)
