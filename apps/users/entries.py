"""How an account comes in: its name, SID and principal name in the form that may be kept."""

import hashlib
from collections.abc import Mapping
from typing import Annotated, Any, Literal

import msgspec

from apps.core import keys
from apps.events.dimensions import Origin
from apps.events.policy import Policy
from apps.users import hashing
from apps.users.choices import NamePrivacyLevel, UserType

HASH_EPOCH = 0

# NUL, which PostgreSQL cannot hold, and other controls have no place in a name.
AccountName = Annotated[
    str, msgspec.Meta(min_length=1, max_length=256, pattern=r"^[^\x00-\x1f\x7f]+\Z")
]
AccountType = Literal["local_user", "local_admin", "domain_user", "system"]


class UserEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a batch says once about a user, under a number of its own.

    name: "domain\\user" (a local account has its host as domain), or its pseudonym "h:...".
    """

    name: AccountName
    type: AccountType

    def row(self, origin: Origin) -> Mapping[str, Any] | None:
        """Return the columns of the user; None where the switch `username` denies the name."""
        return account_row(self.name, self.type, origin.device_id, origin.policy)


def account_row(name: str, type_: str, device_id: int, policy: Policy) -> dict[str, Any] | None:
    """Return identity and name of an account; None where the switch `username` denies the name."""
    form = permitted_form(name, "username", policy)
    if not form:
        return None
    return _hashed(name, type_) if is_pseudonym(name) else _clear(name, type_, device_id)


def permitted_form(value: str, switch: str, policy: Policy) -> str:
    """Return a name as its switch allows it, else "": a device may be stricter than the server."""
    allowed = policy.value(switch)
    if is_pseudonym(value):
        return value if allowed in ("clear", "hashed") else ""
    return value if allowed == "clear" else ""


def is_pseudonym(value: str) -> bool:
    """Return whether a device sent a pseudonym in a name's place."""
    return hashing.SENT_FORM.fullmatch(value) is not None


def stored(sent: str) -> str:
    """Return what is stored of a pseudonym."""
    return hashing.stored_form(sent, server_key=keys.secret("username_server_key"))


def _clear(name: str, type_: str, device_id: int) -> dict[str, Any]:
    domain, _, username = name.rpartition("\\")
    # A local account is one of its device; a directory's is the same everywhere.
    place = "" if type_ == UserType.DOMAIN_USER else str(device_id)
    return {
        "identity": _identity("clear", place, name.lower()),
        "name": f"{username}@{domain}" if domain else username,
        "username": username,
        "name_privacy_level": NamePrivacyLevel.CLEAR,
        "type": UserType(type_),
    }


def _hashed(name: str, type_: str) -> dict[str, Any]:
    pseudonym = stored(name)
    return {
        "identity": _identity("hashed", "", pseudonym),
        "name": pseudonym,
        "username": pseudonym,
        "name_privacy_level": NamePrivacyLevel.HASHED,
        "hash_epoch": HASH_EPOCH,
        "type": UserType(type_),
    }


def _identity(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()
