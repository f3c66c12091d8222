"""Writing the audit log: one row in the transaction of what it tells."""

import hashlib
import hmac
import json
from collections.abc import Iterable, Mapping
from contextvars import ContextVar
from datetime import datetime
from ipaddress import ip_address
from typing import Any, Protocol

from django.utils.translation import gettext_lazy as _

from apps.audit.choices import ActorKind, AuditCode, Outcome, Severity
from apps.audit.models import InboxEvent
from apps.core import keys, request_id
from apps.core.errors import DomainError

DETAIL_BYTES = 8_192
DIGEST_MARK = "#"  # a digest stands for typed text

client_address: ContextVar[str | None] = ContextVar("dex_client_address", default=None)


class Actor(Protocol):
    """Whoever signs in to the console; this app knows no more of an account."""

    pk: Any
    login: str


class DetailTooLarge(DomainError):
    """The detail of an audit row is a summary."""

    code = "audit_detail_too_large"
    message = _("The detail of an audit row may have 8 KB at most.")


def record(
    *,
    code: AuditCode,
    at: datetime,
    actor: Actor | None = None,
    actor_kind: str = "",
    actor_id: str = "",
    actor_label: str = "",
    object_kind: str = "",
    object_id: str = "",
    object_label: str = "",
    subjects: Iterable[tuple[str, object]] = (),
    reason: str = "",
    detail: Mapping[str, Any] | None = None,
    outcome: str = Outcome.DONE,
    severity: int = Severity.NOTICE,
    address: str | None = None,
) -> InboxEvent:
    """Write one row; the last call of a service, inside its transaction: no row, no change.

    actor: an account; without one, `actor_kind` says who (default: the system) and `actor_id`,
    `actor_label` name it. subjects: pairs of kind and id, such as ("device", 5), of the persons
    or devices concerned. detail: old and new values of settings; never secrets, never names.
    Address and request id come from the request under way. Cost: 1 query.

    Raises:
        DetailTooLarge: more than 8 KB.
    """
    if len(json.dumps(detail or {}, default=str)) > DETAIL_BYTES:
        raise DetailTooLarge
    return InboxEvent.objects.create(
        at=at,
        code=code,
        severity=severity,
        actor_kind=actor_kind or (ActorKind.ACCOUNT if actor else ActorKind.SYSTEM),
        actor_id=str(actor.pk) if actor else actor_id,
        actor_label=actor.login if actor else actor_label,
        address=_address(address or client_address.get()),
        request_id=request_id.current(),
        object_kind=object_kind,
        object_id=str(object_id),
        object_label=object_label[:255],
        subjects=[[kind, str(subject)] for kind, subject in subjects],
        reason=reason,
        detail=dict(detail or {}),
        outcome=outcome,
    )


def _address(text: str | None) -> str | None:
    """Return an address without its zone, None for what is none (a unix socket has a name)."""
    try:
        return str(ip_address((text or "").partition("%")[0]))
    except ValueError:
        return None


def digest(text: str) -> str:
    """Return what stands for a typed text that must not be kept: `#` and 12 hex digits.

    Equal texts (case and outer blanks apart) have equal digits; nobody gets back from them.
    """
    normal = text.strip().casefold().encode()
    mac = hmac.new(keys.secret("audit_key"), normal, hashlib.sha256)
    return DIGEST_MARK + mac.hexdigest()[:12]
