"""Rate limits: how many requests a door takes, counted in the shared cache.

The limits themselves stand in one table, `settings.DEX_LIMITS`: name -> "10/min". While the cache
is away each process counts for itself, so that no door becomes unlimited.
"""

import hashlib
import logging
import threading
import time
from collections import OrderedDict
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from typing import Any, cast

from django.conf import settings
from django.core.cache import cache
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError, InterfaceError
from redis.exceptions import RedisError
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from apps.core import clock
from apps.core.caches import CountingCache

logger = logging.getLogger(__name__)

CACHE_ERRORS = (RedisError, DatabaseError, InterfaceError, OSError)
CACHE_RETRY_SECONDS = 5  # until a cache that was away is asked again: it may cost a time-out
OWN_KEYS = 10_000  # that one process counts by itself, some 2 MB

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

    The count is of a fixed window, so a burst over its edge may have twice the number.
    Cost: 1 call of the cache.
    """
    window = _window(name, key)
    return None if _count(window, 1) <= window.number else window.rest_seconds


def wait_for(name: str, key: str) -> int | None:
    """Return the seconds until `hit` would let `key` pass, None if it does; count nothing.

    For doors that count only what failed. Cost: 1 call of the cache.
    """
    window = _window(name, key)
    return None if _count(window, 0) < window.number else window.rest_seconds


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


@dataclass(frozen=True, slots=True)
class Window:
    """What is counted together: one key at one door, from one multiple of the period to the next."""

    cache_key: str
    number: int  # that may pass
    period: int  # seconds
    rest_seconds: int


class OwnCounts:
    """What this process counts while the shared cache is away; it forgets the oldest first.

    Where several processes serve a door, it takes as many times the number meanwhile.
    """

    def __init__(self) -> None:
        """Begin with a cache that is there."""
        self.is_needed = False
        self._counts: OrderedDict[str, int] = OrderedDict()
        self._ask_cache_at = 0.0
        self._lock = threading.Lock()

    @property
    def must_do(self) -> bool:
        """Return whether the cache has been away so lately that it is not asked."""
        return self.is_needed and time.monotonic() < self._ask_cache_at

    def begin(self, error: Exception) -> None:
        """Count here from now on; say so once."""
        self._ask_cache_at = time.monotonic() + CACHE_RETRY_SECONDS
        if not self.is_needed:
            self.is_needed = True
            logger.warning(
                "The cache is away (%s): each process counts rate limits by itself",
                type(error).__name__,
            )

    def end(self) -> None:
        """Leave the counting to the cache again."""
        if self.is_needed:
            self.is_needed = False
            logger.warning("The cache is back: rate limits are counted there again")

    def count(self, window: Window, step: int) -> int:
        """Raise the count of a window by `step` and return it."""
        with self._lock:
            count = self._counts.get(window.cache_key, 0) + step
            if step:
                self._counts[window.cache_key] = count
                self._counts.move_to_end(window.cache_key)
            if len(self._counts) > OWN_KEYS:
                self._counts.popitem(last=False)
            return count

    def forget(self) -> None:
        """Begin anew, as a process does."""
        with self._lock:
            self.is_needed = False
            self._counts.clear()


own = OwnCounts()


def _window(name: str, key: str) -> Window:
    number, period = parse(settings.DEX_LIMITS[name])
    moment = clock.now().timestamp()
    index = int(moment // period)
    return Window(
        cache_key=f"limit:{name}:{_digest(key)}:{index}",
        number=number,
        period=period,
        rest_seconds=int((index + 1) * period - moment) + 1,
    )


def _count(window: Window, step: int) -> int:
    """Raise the count of a window by `step`, 1 or 0, and return it."""
    if own.must_do:
        return own.count(window, step)
    try:
        count = _count_in_cache(window) if step else int(cache.get(window.cache_key, 0))
    except CACHE_ERRORS as error:
        own.begin(error)
        return own.count(window, step)
    own.end()
    return count


def _count_in_cache(window: Window) -> int:
    """Raise the counter by one; it lives a little longer than its window."""
    counting = cast(CountingCache, cache)
    return counting.count(window.cache_key, timeout=window.period + 5)


def _digest(key: str) -> str:
    """Return a short digest: keys may be long, and addresses are nobody's business."""
    return hashlib.sha256(key.encode()).hexdigest()[:24]
