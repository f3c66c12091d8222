"""Errors of the APIs: problem documents. Source: RFC 9457, pointers RFC 6901."""

import logging
from collections.abc import Iterator, Mapping
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, JsonResponse
from django.utils.translation import gettext as _
from rest_framework import exceptions, status
from rest_framework.response import Response
from rest_framework.views import set_rollback

from apps.core import request_id
from apps.core.errors import DomainError

logger = logging.getLogger(__name__)

CONTENT_TYPE = "application/problem+json"
DATABASE_RETRY_SECONDS = 30

Problem = dict[str, Any]


def problem(
    *, status: int, code: str, detail: str = "", errors: list[Problem] | None = None
) -> Problem:
    """Return a problem document; its title is the status's in the caller's language."""
    document: Problem = {
        "type": "about:blank",
        "title": title_of(status),
        "status": status,
        "detail": detail or title_of(status),
        "code": code,
        "request_id": request_id.current(),
    }
    if errors:
        document["errors"] = errors
    return document


def title_of(status: int) -> str:
    """Return what an HTTP status says, in words for people."""
    titles = {
        400: _("The request is not valid."),
        401: _("Sign in first."),
        403: _("You may not do this."),
        404: _("There is nothing here."),
        405: _("This cannot be done here."),
        409: _("The request contradicts what is stored."),
        410: _("This is gone for good."),
        413: _("The request is too large."),
        415: _("This format is not understood."),
        422: _("The request cannot be read."),
        429: _("Too many requests. Wait a moment."),
        503: _("Not available at the moment. Try again soon."),
    }
    return titles.get(status, _("Something went wrong on our side."))


def problem_response(exception: Exception, context: Mapping[str, Any]) -> Response:
    """Turn whatever a view raised into a problem document; set as DRF's exception handler.

    An error that nobody foresaw is logged and answered with 500: its text stays here.
    """
    set_rollback()
    status_code, code, detail, errors, headers = _described(exception)
    document = problem(status=status_code, code=code, detail=detail, errors=errors)
    return Response(document, status_code, headers=headers, content_type=CONTENT_TYPE)


def problem_page(request: HttpRequest, *, status: int, code: str, detail: str = "") -> JsonResponse:
    """Return a problem document for an API address that reached no API view."""
    document = problem(status=status, code=code, detail=detail)
    return JsonResponse(document, status=status, content_type=CONTENT_TYPE)


Described = tuple[int, str, str, list[Problem], dict[str, str]]


def _described(exception: Exception) -> Described:
    """Return status, code, detail, errors and headers."""
    if isinstance(exception, DomainError):
        return _of_domain(exception)
    if isinstance(exception, exceptions.ValidationError):
        errors = list(_errors(exception.get_full_details(), ""))
        return 400, "invalid", "", errors, {}
    if isinstance(exception, exceptions.APIException):
        return _of_rest(exception)
    if isinstance(exception, Http404):
        return 404, "not_found", "", [], {}
    if isinstance(exception, PermissionDenied):
        return 403, "permission_refused", "", [], {}
    if isinstance(exception, OperationalError | InterfaceError):
        logger.warning("The database is away: %s", type(exception).__name__)
        retry = {"Retry-After": str(DATABASE_RETRY_SECONDS)}
        return status.HTTP_503_SERVICE_UNAVAILABLE, "unavailable", "", [], retry
    logger.error("Unforeseen error in an API view", exc_info=exception)
    return status.HTTP_500_INTERNAL_SERVER_ERROR, "internal_error", "", [], {}


def _of_domain(error: DomainError) -> Described:
    """Describe an error of ours; it may name the member to blame and when to come back."""
    errors = []
    if error.pointer is not None:
        errors = [{"pointer": error.pointer, "code": error.code, "detail": str(error)}]
    retry_after = getattr(error, "retry_after", None)  # seconds
    headers = {"Retry-After": str(retry_after)} if retry_after is not None else {}
    return error.status, error.code, str(error), errors, headers


def _of_rest(exception: exceptions.APIException) -> Described:
    """Describe an error of REST framework, with the headers that belong to it."""
    headers = {}
    if challenge := getattr(exception, "auth_header", None):
        headers["WWW-Authenticate"] = challenge
    if (wait := getattr(exception, "wait", None)) is not None:  # seconds, of a throttle
        headers["Retry-After"] = str(wait)
    codes = exception.get_codes()
    code = codes if isinstance(codes, str) else exception.default_code
    detail = exception.detail if isinstance(exception.detail, str) else ""
    return exception.status_code, code, str(detail), [], headers


def _errors(details: Any, pointer: str) -> Iterator[Problem]:
    """Yield one entry for each wrong member, with its JSON pointer."""
    if isinstance(details, Mapping) and {"message", "code"} == details.keys():
        yield {
            "pointer": pointer,
            "code": str(details["code"]),
            "detail": str(details["message"]),
        }
    elif isinstance(details, Mapping):
        for name, below in details.items():
            yield from _errors(below, f"{pointer}{_step(name)}")
    elif isinstance(details, list):
        is_list_of_items = any(isinstance(i, Mapping) and "message" not in i for i in details)
        for index, below in enumerate(details):
            yield from _errors(below, f"{pointer}/{index}" if is_list_of_items else pointer)


def _step(name: object) -> str:
    """Return one step of a pointer; what concerns the whole object adds none."""
    if name == "non_field_errors":
        return ""
    return "/" + str(name).replace("~", "~0").replace("/", "~1")
