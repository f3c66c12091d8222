"""Rate limits: how many requests a door takes, counted in the shared cache.

The limits themselves stand in one table, `settings.DEX_LIMITS`: name -> "10/min".
"""

import hashlib
import logging
from ipaddress import ip_address, ip_network
from typing import Any

from django.conf import settings
from django.core.cache import cache
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError
from redis.exceptions import RedisError
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from apps.core import clock

logger = logging.getLogger(__name__)

PERIODS = {"s": 1, "sec": 1, "min": 60, "h": 3_600, "hour": 3_600, "d": 86_400, "day": 86_400}
IPV6_PREFIX = 64  # bits; what one line is given, at least


def parse(rate: str) -> tuple[int, int]:
    """Return (number, seconds) of "10/min".

    Raises:
        ImproperlyConfigured: it is no rate.
    """
    number, _, period = rate.partition("/")
    if not number.isdigit() or period not in PERIODS:
        raise ImproperlyConfigured(f'"{rate}" is no rate such as "10/min".')
    return int(number), PERIODS[period]


def hit(name: str, key: str) -> int | None:
    """Count one request of `key` at the door `name`; return the seconds to wait, None if none.

    The count is of a fixed window, so a burst over its edge may have twice the number. Where the
    cache is away the request passes: a lost limit harms less than a closed door.
    Cost: 2 calls of the cache.
    """
    number, period = parse(settings.DEX_LIMITS[name])
    moment = clock.now().timestamp()
    window = int(moment // period)
    try:
        count = _count(f"limit:{name}:{_digest(key)}:{window}", period)
    except (RedisError, DatabaseError, OSError) as error:
        logger.warning("Rate limit %s not counted: %s", name, type(error).__name__)
        return None
    return None if count <= number else int((window + 1) * period - moment) + 1


def address_of(request: Any) -> str:
    """Return the client's address, as the trusted proxies name it."""
    return str(request.META.get("REMOTE_ADDR", ""))


def network_of(request: Any) -> str:
    """Return whom a limit counts: an IPv4 address, or the /64 of an IPv6 one.

    A household has 2**64 addresses of IPv6, and may take a new one for each request.
    """
    text = address_of(request)
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return text
    if address.version == 4:
        return str(address)
    if address.ipv4_mapped:
        return str(address.ipv4_mapped)
    return str(ip_network((address, IPV6_PREFIX), strict=False))


class LimitThrottle(BaseThrottle):
    """A REST throttle over one line of the table; `get_key` says who is counted.

    Derive one class per door: `limit = "collector.events"`.
    """

    limit = ""
    _wait: int | None = None

    def get_key(self, request: Request, view: Any) -> str | None:
        """Return who is counted, None for nobody; by default the client's network."""
        return network_of(request)

    def allow_request(self, request: Request, view: Any) -> bool:
        """Count the request and return whether it may pass."""
        key = self.get_key(request, view)
        self._wait = None if key is None else hit(self.limit, key)
        return self._wait is None

    def wait(self) -> float | None:
        """Return the seconds to wait."""
        return self._wait


def _count(key: str, period: int) -> int:
    """Raise the counter by one; it lives a little longer than its window."""
    if cache.add(key, 1, timeout=period + 5):
        return 1
    try:
        return int(cache.incr(key))
    except ValueError:  # it ended between the two calls
        return 1


def _digest(key: str) -> str:
    """Return a short digest: keys may be long, and addresses are nobody's business."""
    return hashlib.sha256(key.encode()).hexdigest()[:24]
