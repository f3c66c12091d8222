"""Who calls: a collector proves itself by its token."""

import re
from datetime import datetime

from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request

from apps.collectors import errors
from apps.collectors.choices import CollectorState, StubState
from apps.collectors.models import Collector, CollectorStub
from apps.collectors.services.tokens import token_hash
from apps.core import clock

_BEARER = re.compile(r"Bearer (?P<token>[A-Za-z0-9_-]{20,128})\Z")


class CollectorTokenAuthentication(BaseAuthentication):
    """`Authorization: Bearer <token>`; the collector is `request.auth` and `request.user`."""

    def authenticate(self, request: Request) -> tuple[Collector, Collector]:
        """Return the collector twice, as REST framework wants it. Cost: 1 query.

        Raises:
            NotAuthenticated: no token, a wrong or an old one.
            DeviceErased: the token is that of an erased device.
        """
        found = _BEARER.match(request.headers.get("Authorization", ""))
        if found is None:
            raise errors.NotAuthenticated
        collector = authenticated(found["token"], now=clock.now())
        return collector, collector

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="dex collector"'


def authenticated(token: str, *, now: datetime) -> Collector:
    """Return the collector of a token, with what a request needs of its device.

    Raises:
        NotAuthenticated: one of its kinds says why.
        DeviceErased: the device is gone for good.
    """
    hashed = token_hash(token)
    collector = Collector.objects.by_token(hashed)
    if collector is None:
        _refuse_gone(hashed)
        raise errors.NotAuthenticated
    if collector.state == CollectorState.ERASED:
        raise errors.DeviceErased
    if not collector.is_active:
        raise errors.CollectorRevoked
    if collector.token_expires_at is None or collector.token_expires_at <= now:
        raise errors.NotAuthenticated
    return collector


def _refuse_gone(hashed: bytes) -> None:
    stub = CollectorStub.objects.filter(token_hash=hashed).first()
    if stub is not None and stub.state == StubState.ERASED:
        raise errors.DeviceErased
