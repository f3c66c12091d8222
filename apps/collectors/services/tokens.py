"""Tokens of collectors: opaque, kept as hashes, renewed by a signature of the device key.

The nonce depends on the server's clock alone, and costs the server nothing to remember: it is
signed by us, and the newest one that was used is noted with the collector.
"""

import base64
import hashlib
import hmac
import secrets
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from apps.collectors import documents, errors
from apps.collectors.choices import CollectorState, StubState
from apps.collectors.models import Collector, CollectorStub
from apps.core import keys

TOKEN_BYTES = 32
TOKEN_TERM = timedelta(days=30)
NONCE_TERM = timedelta(minutes=5)
MICROSECOND = timedelta(microseconds=1)
EPOCH = datetime.fromisoformat("1970-01-01T00:00:00+00:00")


class Token(msgspec.Struct, frozen=True):
    """A new token in clear; only its hash is kept."""

    text: str
    expires_at: datetime


class TokenRequest(msgspec.Struct, frozen=True):
    """Body of POST /collector/v1/token: without nonce it asks for one."""

    collector_id: UUID
    nonce: str | None = None


def issue(*, collector: Collector, now: datetime) -> Token:
    """Give `collector` a new token; the one before ends."""
    token = Token(secrets.token_urlsafe(TOKEN_BYTES), now + TOKEN_TERM)
    collector.token_hash = token_hash(token.text)
    collector.token_expires_at = token.expires_at
    collector.save(update_fields=["token_hash", "token_expires_at"])
    return token


def renew(*, request: TokenRequest, body: bytes, signature: str, now: datetime) -> Token:
    """Issue a token to whoever holds the device key and a fresh nonce of ours.

    Raises:
        NotAuthenticated: one of its kinds says why.
        DeviceErased: the device is gone for good.
    """
    collector = _renewing(request.collector_id)
    if not documents.is_signed_by(bytes(collector.public_key), documents.TOKEN, body, signature):
        raise errors.RenewalUnsigned
    made_at = _nonce_time(request.nonce or "", collector.uid)
    age = now - (EPOCH + made_at * MICROSECOND)
    if not timedelta(0) <= age <= NONCE_TERM:
        raise errors.NonceInvalid
    fresh = Collector.objects.filter(pk=collector.pk, nonce_used_at__lt=made_at)
    if not fresh.update(nonce_used_at=made_at):
        raise errors.NonceInvalid
    return issue(collector=collector, now=now)


def make_nonce(*, collector_id: UUID, now: datetime) -> str:
    """Return a nonce for one collector.

    Raises:
        NotAuthenticated: such a collector gets no token.
        DeviceErased: the device is gone for good.
    """
    _renewing(collector_id)
    made_at = str((now - EPOCH) // MICROSECOND)
    return f"{made_at}.{_nonce_mark(made_at, collector_id)}"


def token_hash(text: str) -> bytes:
    """Return what is kept of a token."""
    return hashlib.sha256(text.encode()).digest()


def _renewing(collector_id: UUID) -> Collector:
    collector = Collector.objects.filter(uid=collector_id).first()
    if collector is None:
        raise _gone(CollectorStub.objects.filter(collector_uid=collector_id).first())
    if collector.state == CollectorState.ERASED:
        raise errors.DeviceErased
    if collector.state in (CollectorState.REVOKED, CollectorState.UNENROLLED):
        raise errors.CollectorRevoked
    return collector


def _gone(stub: CollectorStub | None) -> Exception:
    if stub is None:
        return errors.CollectorUnknown()
    by_state = {
        StubState.EXPIRED: errors.DeviceExpired,
        StubState.REVOKED: errors.CollectorRevoked,
        StubState.ERASED: errors.DeviceErased,
    }
    return by_state[StubState(stub.state)]()


def _nonce_mark(made_at: str, collector_id: UUID) -> str:
    message = f"{made_at}.{collector_id}".encode()
    digest = hmac.new(keys.secret("nonce_key"), message, hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def _nonce_time(nonce: str, collector_id: UUID) -> int:
    made_at, _, mark = nonce.partition(".")
    if not made_at.isascii() or not made_at.isdigit() or len(made_at) > 18:
        raise errors.NonceInvalid
    if not hmac.compare_digest(mark.encode(), _nonce_mark(made_at, collector_id).encode()):
        raise errors.NonceInvalid
    return int(made_at)
