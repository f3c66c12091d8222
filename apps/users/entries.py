"""How an account comes in: its name, SID and principal name in the form that may be kept."""

import hashlib
from collections.abc import Mapping
from typing import Annotated, Any, Literal

import msgspec

from apps.collectors import epochs
from apps.events.dimensions import Origin
from apps.events.policy import Policy
from apps.users import hashing
from apps.users.choices import NamePrivacyLevel, UserType

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
    if is_pseudonym(name):
        return _hashed(name, type_, policy.hash_epoch)
    return _clear(name, type_, device_id)


def permitted_form(value: str, switch: str, policy: Policy) -> str:
    """Return a name as its switch allows it, else "": a device may be stricter than the server."""
    allowed = policy.value(switch)
    if is_pseudonym(value):
        return value if allowed in ("clear", "hashed") else ""
    return value if allowed == "clear" else ""


def is_pseudonym(value: str) -> bool:
    """Return whether a device sent a pseudonym in a name's place."""
    return hashing.SENT_FORM.fullmatch(value) is not None


def stored(sent: str, epoch: int) -> str:
    """Return what is stored of a pseudonym that a device sent in this epoch."""
    return hashing.stored_form(sent, server_key=epochs.server_key(epoch))


def _clear(name: str, type_: str, device_id: int) -> dict[str, Any]:
    domain, _, username = name.rpartition("\\")
    # A local account is one of its device; a directory's is the same everywhere.
    place = "" if type_ == UserType.DOMAIN_USER else str(device_id)
    return {
        "identity": identity("clear", place, name.lower()),
        "name": f"{username}@{domain}" if domain else username,
        "username": username,
        "name_privacy_level": NamePrivacyLevel.CLEAR,
        "type": UserType(type_),
    }


def _hashed(name: str, type_: str, epoch: int) -> dict[str, Any]:
    pseudonym = stored(name, epoch)
    return {
        "identity": identity("hashed", "", pseudonym),
        "name": pseudonym,
        "username": pseudonym,
        "name_privacy_level": NamePrivacyLevel.HASHED,
        "hash_epoch": epoch,
        "type": UserType(type_),
    }


def identity(*parts: str) -> str:
    """Return the hash of what makes an account one."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()
