"""What accounts add to a request."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.utils import timezone, translation
from django.utils.functional import SimpleLazyObject

from apps.accounts.scope import scope_of
from apps.audit import services as audit
from apps.audit.choices import AuditCode, Outcome, Severity
from apps.core import clock
from apps.core.errors import DomainError
from apps.core.http import ScopedRequest
from apps.core.limits import address_of

if TYPE_CHECKING:
    from apps.accounts.models import Account


class AccountRequest(ScopedRequest):
    """A request of somebody who is signed in."""

    user: Account  # type: ignore[assignment]


class PreferencesMiddleware:
    """Speaks the account's language and shows its local time, where it chose them."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        language = getattr(request.user, "language", "") or translation.get_language()
        zone = getattr(request.user, "time_zone", "") or None  # None: the instance's
        with translation.override(language), timezone.override(zone):
            response = self.get_response(request)
            response.headers.setdefault("Content-Language", translation.get_language() or "en")
            return response


class ScopeMiddleware:
    """Sets `request.scope`, worked out when first read: rights are never kept for later.

    Also tells the audit log the client's address, and of each refusal of a permission.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.scope = SimpleLazyObject(lambda: scope_of(request.user))  # type: ignore[attr-defined]
        token = audit.client_address.set(address_of(request) or None)
        try:
            return self.get_response(request)
        finally:
            audit.client_address.reset(token)

    def process_exception(self, request: HttpRequest, exception: Exception) -> None:
        """Record code 1390 where a permission was missing; the answer is made elsewhere."""
        is_refusal = isinstance(exception, PermissionDenied) or (
            isinstance(exception, DomainError) and exception.status == 403
        )
        if is_refusal and request.user.is_authenticated:
            audit.record(
                code=AuditCode.PERMISSION_REFUSED,
                actor=request.user,
                object_kind="page",
                object_label=request.resolver_match.view_name if request.resolver_match else "",
                detail={"method": request.method, "code": getattr(exception, "code", "")},
                outcome=Outcome.REFUSED,
                severity=Severity.WARNING,
                at=clock.now(),
            )
