"""What accounts add to a request."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from django.http import HttpRequest, HttpResponse
from django.utils.functional import SimpleLazyObject

from apps.accounts.scope import scope_of
from apps.core.http import ScopedRequest

if TYPE_CHECKING:
    from apps.accounts.models import Account


class AccountRequest(ScopedRequest):
    """A request of somebody who is signed in."""

    user: Account  # type: ignore[assignment]


class ScopeMiddleware:
    """Sets `request.scope`, worked out when first read: rights are never kept for later."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.scope = SimpleLazyObject(lambda: scope_of(request.user))  # type: ignore[attr-defined]
        return self.get_response(request)
