"""Documents that the instance signs: configurations and enrolment receipts.

The text is signed as it is sent, so that no side has to write JSON in one canonical form.
"""

import base64
import json
from collections.abc import Mapping
from typing import Any

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from apps.core import keys

CONFIGURATION = b"dex-configuration-v1\0"
RECEIPT = b"dex-receipt-v1\0"
ENROL = b"dex-enrol-v1\0"
RE_ENROL = b"dex-reenrol-v1\0"
TOKEN = b"dex-token-v1\0"
SIGNING_KEY = "instance_signing_key"


class Signed(msgspec.Struct, frozen=True):
    """A document and the instance's signature over its context and text."""

    document: str
    signature: str  # base64


def sign(context: bytes, content: Mapping[str, Any]) -> Signed:
    """Return `content` as a signed document."""
    text = json.dumps(content, separators=(",", ":"), sort_keys=True)
    signature = keys.signing_key(SIGNING_KEY).sign(context + text.encode())
    return Signed(text, base64_text(signature))


def is_signed_by(public_key: bytes, context: bytes, message: bytes, signature: str) -> bool:
    """Return whether `signature` (base64) is that of `public_key` over context and message."""
    try:
        raw = base64.b64decode(signature, validate=True)
        Ed25519PublicKey.from_public_bytes(public_key).verify(raw, context + message)
    except (InvalidSignature, ValueError):
        return False
    return True


def base64_text(data: bytes) -> str:
    """Return `data` in base64."""
    return base64.b64encode(data).decode()


def instance_public_key() -> bytes:
    """Return the 32 bytes of the key by which documents can be checked."""
    return keys.signing_key(SIGNING_KEY).public_key().public_bytes_raw()
