"""Enrolment, token and check-in: the requests that concern the identity itself."""

import base64
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from dex_collector import PROTOCOL, __version__
from dex_collector.clock import from_text, to_text
from dex_collector.fingerprints import Fingerprints
from dex_collector.identity import Identity
from dex_collector.transport import Answer, Transport

TOKEN_LIFE = timedelta(days=30)  # what the server gives, should its answer be unreadable


@dataclass(frozen=True, slots=True)
class Candidate:
    """What a device says about itself when it asks to be enrolled."""

    identity: Identity
    enrolment_key: str | None  # the secret half; None with `identity.previous`
    platform: str
    host_name: str

    def body(self) -> bytes:
        """Return the request."""
        content: dict[str, Any] = {
            "protocol": PROTOCOL,
            "enrolment_key": self.enrolment_key,
            "public_key": base64.b64encode(self.identity.public_key).decode(),
            "install_id": self.identity.install_id,
            "fingerprints": self.identity.fingerprints,
            "platform": self.platform,
            "collector_version": __version__,
            "host_name": self.host_name,
            "previous": self.identity.previous,
            "receipt": self.identity.receipt,
        }
        return json.dumps(content, ensure_ascii=False).encode()


def ask_to_enrol(transport: Transport, candidate: Candidate) -> Answer:
    """Send the enrolment, signed by the new key."""
    body = candidate.body()
    signature = candidate.identity.sign(b"dex-enrol-v1\0", body)
    return transport.request("POST", "enrol", body, _json_headers({"Dex-Signature": signature}))


def apply_enrolment(identity: Identity, content: Mapping[str, Any], now: datetime) -> None:
    """Write what the server gave into the identity.

    Raises:
        ValueError: the answer lacks what an enrolment needs.
    """
    try:
        identity.collector_id = str(content["collector_id"])
        identity.device_id = str(content["device_id"])
        identity.instance_id = str(content["instance"]["id"])
        identity.instance_key = str(content["instance"]["public_key"])
        if len(identity.instance_public_key()) != 32:
            raise ValueError("the instance's key has not 32 bytes")
        take_token(identity, content, now)
    except (KeyError, TypeError) as error:
        identity.collector_id = None
        raise ValueError("the server's answer to the enrolment is incomplete") from error
    identity.receipt = content.get("receipt")
    identity.previous = identity.reason = None
    identity.refused_at = None


def take_token(identity: Identity, content: Mapping[str, Any], now: datetime) -> None:
    """Keep a new token; its life is counted on this device's clock, from now."""
    identity.token = str(content["token"])
    try:
        expires_at = from_text(content["token_expires_at"])
        life = expires_at - from_text(content["server_time"])
    except (KeyError, TypeError, ValueError):
        life = TOKEN_LIFE
    identity.token_renew_at = to_text(now + life / 2)


def ask_for_nonce(transport: Transport, identity: Identity) -> Answer:
    """Ask for the number that a renewal signs: no device clock is involved."""
    body = json.dumps({"collector_id": identity.collector_id}).encode()
    return transport.request("POST", "token", body, _json_headers({}))


def ask_for_token(transport: Transport, identity: Identity, nonce: str) -> Answer:
    """Ask for a new token, signed by the device key."""
    body = json.dumps({"collector_id": identity.collector_id, "nonce": nonce}).encode()
    signature = identity.sign(b"dex-token-v1\0", body)
    return transport.request("POST", "token", body, _json_headers({"Dex-Signature": signature}))


def check_in(
    transport: Transport, identity: Identity, present: Fingerprints, etag: str | None
) -> Answer:
    """Ask for the configuration and pending work; show the fingerprints of this very machine."""
    headers = bearer(identity) | {
        "Dex-Fingerprints": json.dumps(present, separators=(",", ":")),
        "Dex-Collector-Version": __version__,
        "Dex-Utc-Offset": f"{time.localtime().tm_gmtoff // 60:+d}",  # work hours are by this zone
    }
    if etag is not None:
        headers["If-None-Match"] = etag
    return transport.request("GET", "check-in", None, headers)


def leave(transport: Transport, identity: Identity) -> Answer:
    """Tell the server that this collector is being uninstalled."""
    return transport.request("DELETE", "enrolment", None, bearer(identity))


def bearer(identity: Identity) -> dict[str, str]:
    """Return the header that carries the token."""
    return {"Authorization": f"Bearer {identity.token}"}


def read_key_file(path: Path) -> str | None:
    """Return the text of the enrolment key file, or None if there is none or it is empty."""
    try:
        return path.read_text(encoding="utf-8").strip() or None
    except FileNotFoundError:
        return None


def _json_headers(more: Mapping[str, str]) -> dict[str, str]:
    return {"Content-Type": "application/json", **more}
