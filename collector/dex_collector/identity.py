"""The identity of this collector: a key pair made here, and what the instance gave for it."""

import base64
import json
import secrets
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Self

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from dex_collector import private_files
from dex_collector.fingerprints import Fingerprints


@dataclass(slots=True)
class Identity:
    """One enrolment. Written before the first request, so that a lost answer costs no second use.

    private_key, fingerprint_key, instance_key: standard base64.
    previous: {"collector_id", "signature"} of the identity this one follows, until enrolled.
    token_renew_at: by this device's clock, half of the token's life after it came.
    """

    private_key: str
    install_id: str
    fingerprint_key: str
    fingerprints: Fingerprints = field(default_factory=dict)
    collector_id: str | None = None
    device_id: str | None = None
    token: str | None = None
    token_renew_at: str | None = None
    instance_id: str | None = None
    instance_key: str | None = None
    receipt: dict[str, str] | None = None
    previous: dict[str, str] | None = None
    refused_at: str | None = None  # since when the server does not accept it
    reason: str | None = None  # the code after which this one follows another

    @classmethod
    def make(cls, fingerprint_key: bytes, follows: "Identity | None" = None) -> Self:
        """Return a new key pair; `follows` authenticates it in place of an enrolment key."""
        key = Ed25519PrivateKey.generate()
        identity = cls(
            private_key=base64.b64encode(key.private_bytes_raw()).decode(),
            install_id=secrets.token_hex(16),
            fingerprint_key=base64.b64encode(fingerprint_key).decode(),
        )
        if follows is not None and follows.collector_id is not None:
            proof = identity.public_key + identity.install_id.encode()
            identity.previous = {
                "collector_id": follows.collector_id,
                "signature": follows.sign(b"dex-reenrol-v1\0", proof),
            }
            identity.receipt = follows.receipt
        return identity

    @property
    def is_enrolled(self) -> bool:
        """Return whether an instance has accepted this key pair."""
        return self.collector_id is not None

    @property
    def is_refused(self) -> bool:
        """Return whether the server no longer accepts it: `unenrolled`."""
        return self.refused_at is not None

    @property
    def public_key(self) -> bytes:
        """Return the 32 bytes that the server knows."""
        return self._key.public_key().public_bytes_raw()

    @property
    def _key(self) -> Ed25519PrivateKey:
        return Ed25519PrivateKey.from_private_bytes(base64.b64decode(self.private_key))

    def sign(self, context: bytes, message: bytes) -> str:
        """Return the base64 signature over context and message."""
        return base64.b64encode(self._key.sign(context + message)).decode()

    def fingerprint_key_bytes(self) -> bytes:
        """Return the instance's key for fingerprints."""
        return base64.b64decode(self.fingerprint_key)

    def instance_public_key(self) -> bytes:
        """Return the key that signs configurations; empty before enrolment."""
        return base64.b64decode(self.instance_key or "")


class IdentityStore:
    """`identity.json` in the state folder, mode 0600.

    Beside it lies `follower.json` while a new identity asks to be accepted: until then the old one
    stays, for the server may have been wrong about it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.follower_path = path.with_name("follower.json")

    def load(self) -> Identity | None:
        """Return the stored identity, or None; an unreadable file is an error, not a new start.

        Raises:
            ValueError: the file is damaged.
        """
        return _load(self.path)

    def load_follower(self) -> Identity | None:
        """Return the identity that asks to be accepted in place of the stored one, or None.

        Raises:
            ValueError: the file is damaged.
        """
        return _load(self.follower_path)

    def save(self, identity: Identity) -> None:
        """Replace the stored identity."""
        private_files.write(self.path, json.dumps(asdict(identity)))

    def save_follower(self, identity: Identity) -> None:
        """Store an identity that no server has accepted yet, beside the one in use."""
        private_files.write(self.follower_path, json.dumps(asdict(identity)))

    def drop_follower(self) -> None:
        """Forget a follower; the stored identity stays in use."""
        self.follower_path.unlink(missing_ok=True)
        private_files.sync_folder(self.path.parent)

    def accept(self, identity: Identity, now: datetime) -> None:
        """Store an accepted identity; at no moment is there neither it nor the one before."""
        private_files.keep_aside(self.path, "aside", now)
        self.save(identity)
        self.drop_follower()

    def set_aside(self, now: datetime) -> None:
        """Keep the file under another name: nothing uses it again."""
        private_files.set_aside(self.path, "aside", now)
        self.drop_follower()


def _load(path: Path) -> Identity | None:
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return Identity(**content)
    except FileNotFoundError:
        return None
    except (TypeError, ValueError) as error:
        raise ValueError(f"{path} is damaged: remove it and give a new enrolment key") from error


def parse_enrolment_key(text: str) -> tuple[str, bytes]:
    """Return the secret to send and the fingerprint key of `dexk-<secret>-<fingerprint key>`.

    Raises:
        ValueError: the text is no enrolment key.
    """
    parts = text.strip().split("-")
    if len(parts) != 3 or parts[0] != "dexk" or len(parts[1]) != 26 or len(parts[2]) != 26:
        raise ValueError("this is no enrolment key: it must look like dexk-...-...")
    padded = parts[2].upper() + "=" * 6
    try:
        return parts[1], base64.b32decode(padded)
    except ValueError as error:
        raise ValueError("this is no enrolment key: its second half is damaged") from error
