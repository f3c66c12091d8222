"""Problem documents and error pages."""

from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import OperationalError
from django.http import Http404, HttpRequest
from django.test import Client, RequestFactory
from rest_framework import exceptions

from apps.core import pages, request_id
from apps.core.api.errors import problem_response
from apps.core.errors import DomainError


class Refusal(DomainError):
    """A rule of a test."""

    code = "test_refused"
    message = "Not like this."
    status = 409


def answer(exception: Exception) -> Any:
    """Return the response to an exception of an API view."""
    with request_id.bound():
        return problem_response(exception, {})


class TestProblemResponse:
    def test_tells_a_rule_of_ours(self) -> None:
        response = answer(Refusal())

        assert response.status_code == 409
        assert response.content_type == "application/problem+json"
        assert response.data["code"] == "test_refused"
        assert response.data["detail"] == "Not like this."
        assert len(response.data["request_id"]) == 32

    def test_points_at_the_wrong_member(self) -> None:
        response = answer(Refusal(pointer="/name"))

        assert response.data["errors"] == [
            {"pointer": "/name", "code": "test_refused", "detail": "Not like this."}
        ]

    def test_points_at_each_wrong_member_of_a_form(self) -> None:
        detail: Any = {
            "name": ["Too long."],
            "a/b~c": ["Odd."],
            "items": [{}, {"size": ["Negative."]}],
            "non_field_errors": ["All in all no."],
        }

        response = answer(exceptions.ValidationError(detail))

        assert [error["pointer"] for error in response.data["errors"]] == [
            "/name",
            "/a~1b~0c",
            "/items/1/size",
            "",
        ]

    @pytest.mark.parametrize(
        ("exception", "status", "code"),
        [
            (Http404(), 404, "not_found"),
            (PermissionDenied(), 403, "permission_refused"),
            (exceptions.NotAuthenticated(), 401, "not_authenticated"),
            (exceptions.AuthenticationFailed(code="collector_unknown"), 401, "collector_unknown"),
            (exceptions.ParseError(), 400, "parse_error"),
            (OperationalError("secret host"), 503, "unavailable"),
            (ZeroDivisionError("secret"), 500, "internal_error"),
        ],
    )
    def test_knows_every_kind(self, exception: Exception, status: int, code: str) -> None:
        response = answer(exception)

        assert (response.status_code, response.data["code"]) == (status, code)
        assert "secret" not in str(response.data)

    def test_says_when_to_come_back(self) -> None:
        response = answer(exceptions.Throttled(wait=12.5))

        assert response["Retry-After"] == "13"


class TestPages:
    @pytest.mark.parametrize("status", [400, 403, 404, 429, 500, 503])
    def test_need_no_database(self, status: int, rf: RequestFactory) -> None:
        with request_id.bound() as value:
            response = pages.page(rf.get("/admin/"), status)

        page = response.content.decode()
        assert response.status_code == status
        assert value in page
        assert f"dex · {status}" in page

    def test_are_problem_documents_for_the_apis(self, rf: RequestFactory) -> None:
        response = pages.not_found(rf.get("/collector/v1/nowhere"))

        assert response["Content-Type"] == "application/problem+json"

    def test_tell_a_missing_database_from_an_error(self, rf: RequestFactory) -> None:
        request = rf.get("/admin/")

        try:
            raise OperationalError
        except OperationalError:
            response = pages.server_error(request)

        assert (response.status_code, response["Retry-After"]) == (503, "30")
        assert pages.server_error(request).status_code == 500

    @pytest.mark.django_db
    def test_are_what_the_console_answers(self, ada_client: Client) -> None:
        response = ada_client.get("/nowhere/")

        assert response.status_code == 404
        assert "dex · 404" in response.content.decode()

    def test_stand_for_a_form_without_its_token(self) -> None:
        response = Client(enforce_csrf_checks=True).post("/admin/login/", {})

        assert response.status_code == 403
        assert "load its page again" in response.content.decode()


class TestDomainErrorMiddleware:
    def test_makes_a_page_of_a_rule(self, rf: RequestFactory) -> None:
        middleware = pages.DomainErrorMiddleware(lambda request: pages.not_found(request))

        response = middleware.process_exception(rf.get("/admin/"), Refusal())

        assert response.status_code == 409
        assert "Not like this." in response.content.decode()

    def test_leaves_other_errors_alone(self) -> None:
        middleware = pages.DomainErrorMiddleware(lambda request: pages.not_found(request))

        assert middleware.process_exception(HttpRequest(), ValueError()) is None
