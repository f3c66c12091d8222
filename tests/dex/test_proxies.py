"""The client's address behind proxies."""

from ipaddress import ip_network
from typing import Any

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory

from dex.proxies import TrustedProxyMiddleware


def seen(**meta: Any) -> HttpRequest:
    """Return the request as the next middleware sees it."""
    requests: list[HttpRequest] = []

    def view(request: HttpRequest) -> HttpResponse:
        requests.append(request)
        return HttpResponse()

    TrustedProxyMiddleware(view)(RequestFactory().get("/", **meta))
    return requests[0]


@pytest.fixture(autouse=True)
def _proxy(settings: Any) -> None:
    settings.DEX_TRUSTED_PROXIES = [ip_network("192.0.2.0/24")]


class TestTrustedProxyMiddleware:
    def test_drops_what_a_stranger_forwards(self) -> None:
        request = seen(
            REMOTE_ADDR="198.51.100.7",
            HTTP_X_FORWARDED_FOR="203.0.113.9",
            HTTP_X_FORWARDED_PROTO="https",
        )

        assert request.META["REMOTE_ADDR"] == "198.51.100.7"
        assert not request.is_secure()

    def test_believes_a_trusted_proxy(self) -> None:
        request = seen(
            REMOTE_ADDR="192.0.2.1",
            HTTP_X_FORWARDED_FOR="203.0.113.9",
            HTTP_X_FORWARDED_PROTO="https",
        )

        assert request.META["REMOTE_ADDR"] == "203.0.113.9"
        assert request.is_secure()

    @pytest.mark.parametrize(
        ("forwarded", "client"),
        [
            ("10.9.9.9, 203.0.113.9, 192.0.2.2", "203.0.113.9"),  # the left part is the client's
            ("203.0.113.9, nonsense", "192.0.2.1"),
            ("", "192.0.2.1"),
            ("192.0.2.5", "192.0.2.5"),
        ],
    )
    def test_takes_the_last_address_that_is_no_proxy(self, forwarded: str, client: str) -> None:
        request = seen(REMOTE_ADDR="192.0.2.1", HTTP_X_FORWARDED_FOR=forwarded)

        assert request.META["REMOTE_ADDR"] == client
