"""System checks of the settings: an unsafe production does not start."""

from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core import checks

LOOPBACK = {"localhost", "127.0.0.1", "::1"}


@checks.register
def check_public_url(**_kwargs: Any) -> list[checks.CheckMessage]:
    """Refuse a public address in clear text anywhere but on loopback."""
    url = urlsplit(settings.DEX_PUBLIC_URL)
    if url.scheme not in {"http", "https"} or not url.hostname:
        return [checks.Error("DEX_PUBLIC_URL is no http(s) address.", id="dex.E001")]
    if url.scheme == "http" and url.hostname not in LOOPBACK:
        return [
            checks.Error(
                f"DEX_PUBLIC_URL is {settings.DEX_PUBLIC_URL}: http is for loopback only.",
                hint="Put TLS in front and write https://.",
                id="dex.E002",
            )
        ]
    return []
