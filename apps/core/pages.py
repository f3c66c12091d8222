"""Pages for what went wrong, in the console's design; they work without a database."""

import sys
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string

from apps.core import request_id
from apps.core.api.errors import problem_page, title_of
from apps.core.errors import DomainError

API_PREFIXES = ("/collector/", "/api/", "/scim/")
CODES = {
    400: "bad_request",
    403: "permission_refused",
    404: "not_found",
    429: "too_many_requests",
    500: "internal_error",
    503: "unavailable",
}
RETRY_SECONDS = 30


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Answer 400."""
    return page(request, 400)


def permission_denied(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Answer 403."""
    return page(request, 403)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Answer 404; it says nothing about what was asked for."""
    return page(request, 404)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Answer 403 to a form without its token; set as CSRF_FAILURE_VIEW."""
    return page(request, 403)


def too_many_requests(request: HttpRequest, retry_after: int) -> HttpResponse:
    """Answer 429. retry_after: seconds."""
    response = page(request, 429)
    response["Retry-After"] = str(retry_after)
    return response


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer 500, or 503 where the database is away."""
    if isinstance(sys.exc_info()[1], OperationalError | InterfaceError):
        return unavailable(request)
    return page(request, 500)


def unavailable(request: HttpRequest) -> HttpResponse:
    """Answer 503: the database is away, or a restore is running."""
    response = page(request, 503)
    response["Retry-After"] = str(RETRY_SECONDS)
    return response


def page(request: HttpRequest, status: int, detail: str = "", code: str = "") -> HttpResponse:
    """Return the page of a status; for an API address the problem document."""
    if request.path.startswith(API_PREFIXES):
        return problem_page(request, status=status, code=code or CODES[status], detail=detail)
    context = {
        "status": status,
        "title": title_of(status),
        "detail": detail,
        "request_id": request_id.current(),
        "support_contact": getattr(settings, "DEX_SUPPORT_CONTACT", ""),
    }
    names = [f"errors/{status}.html", "errors/base.html"]
    return HttpResponse(render_to_string(names, context), status=status)


class DomainErrorMiddleware:
    """Turns a rule's refusal that a view did not catch into a page with its words."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> Any:
        """Answer with the status of a DomainError; leave all else to Django."""
        if not isinstance(exception, DomainError):
            return None
        response = page(request, exception.status, detail=str(exception), code=exception.code)
        if (retry_after := getattr(exception, "retry_after", None)) is not None:  # seconds
            response["Retry-After"] = str(retry_after)
        return response
