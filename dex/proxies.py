"""Whose word counts for the client's address: trusted proxies alone."""

from collections.abc import Callable
from ipaddress import ip_address

from django.conf import settings
from django.http import HttpRequest, HttpResponse

FORWARDED = (
    "HTTP_X_FORWARDED_FOR",
    "HTTP_X_FORWARDED_PROTO",
    "HTTP_X_FORWARDED_HOST",
    "HTTP_X_FORWARDED_PORT",
    "HTTP_FORWARDED",
)


class TrustedProxyMiddleware:
    """Set REMOTE_ADDR to the client; drop `X-Forwarded-*` that anybody else sent.

    The client is the last address in X-Forwarded-For that is no trusted proxy: what stands to
    the left of it was written by the client itself.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if is_trusted(request.META.get("REMOTE_ADDR", "")):
            hops = request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")
            request.META["REMOTE_ADDR"] = client_address(hops, request.META["REMOTE_ADDR"])
        else:
            for name in FORWARDED:
                request.META.pop(name, None)
        return self.get_response(request)


def client_address(hops: list[str], peer: str) -> str:
    """Return the last of `hops` that is no trusted proxy, else `peer`; what is no address ends it."""
    for hop in reversed([hop.strip() for hop in hops]):
        if not _is_address(hop):
            return peer
        if not is_trusted(hop):
            return hop
        peer = hop
    return peer


def is_trusted(address: str) -> bool:
    """Return whether DEX_TRUSTED_PROXIES holds `address`."""
    if not _is_address(address):
        return False
    parsed = ip_address(address)
    return any(parsed in network for network in settings.DEX_TRUSTED_PROXIES)


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
