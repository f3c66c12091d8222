"""Pseudonyms of user names (privacy.md 3): one step on the device, one on the server.

Every device knows the first key and no device the second; neither a device nor a stolen
database alone allows guessing names.
"""

import base64
import hashlib
import hmac
import re
import unicodedata

SENT_FORM = re.compile(r"h:[0-9a-f]{32}")
STORED_LENGTH = 26  # characters of base32, 130 bits


def sent_form(name: str, *, collector_key: bytes, epoch: int) -> str:
    """Return what a device sends instead of `name` (domain\\user): "h:" and 32 hex digits."""
    normal = unicodedata.normalize("NFC", name.lower())
    message = f"dex-username-v1\0{epoch}\0{normal}".encode()
    return "h:" + hmac.new(collector_key, message, hashlib.sha256).hexdigest()[:32]


def stored_form(sent: str, *, server_key: bytes) -> str:
    """Return the pseudonym that is stored and shown: "u1_" and 26 characters."""
    digest = hmac.new(server_key, b"dex-user-v1\0" + sent.encode(), hashlib.sha256).digest()
    return "u1_" + base64.b32encode(digest).decode().lower()[:STORED_LENGTH]
