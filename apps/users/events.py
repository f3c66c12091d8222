"""The batch dictionary `users`, and event kinds of sessions (the structs are the protocol)."""

import hashlib
from collections.abc import Mapping
from typing import Annotated, Any, Literal

import msgspec

from apps.core import keys
from apps.events import dimensions, kinds
from apps.events.dimensions import Origin
from apps.events.kinds import Amount
from apps.users import hashing, services
from apps.users.choices import NamePrivacyLevel, UserType
from apps.users.models import Login, User

HASH_EPOCH = 0

# NUL, which PostgreSQL cannot hold, and other controls have no place in a name.
AccountName = Annotated[
    str, msgspec.Meta(min_length=1, max_length=256, pattern=r"^[^\x00-\x1f\x7f]+\Z")
]


class UserEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a batch says once about a user, under a number of its own.

    name: "domain\\user" (a local account has its host as domain), or its pseudonym "h:...".
    """

    name: AccountName
    type: Literal["local_user", "local_admin", "domain_user", "system"]

    def row(self, origin: Origin) -> Mapping[str, Any] | None:
        """Return the columns of the user; None where the switch `username` denies the name."""
        allowed = origin.policy.value("username")
        if hashing.SENT_FORM.fullmatch(self.name) and allowed in ("clear", "hashed"):
            return self._hashed()  # a device may be stricter than its configuration
        return self._clear(origin) if allowed == "clear" else None

    def _clear(self, origin: Origin) -> Mapping[str, Any]:
        domain, _, username = self.name.rpartition("\\")
        name = f"{username}@{domain}" if domain else username
        # A local account is one of its device; a directory's is the same everywhere.
        place = "" if self.type == UserType.DOMAIN_USER else str(origin.device_id)
        return {
            "identity": _identity("clear", place, self.name.lower()),
            "name": name,
            "username": username,
            "name_privacy_level": NamePrivacyLevel.CLEAR,
            "type": UserType(self.type),
        }

    def _hashed(self) -> Mapping[str, Any]:
        pseudonym = hashing.stored_form(self.name, server_key=keys.secret("username_server_key"))
        return {
            "identity": _identity("hashed", "", pseudonym),
            "name": pseudonym,
            "username": pseudonym,
            "name_privacy_level": NamePrivacyLevel.HASHED,
            "hash_epoch": HASH_EPOCH,
            "type": UserType(self.type),
        }


class LoginFields(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The `fields` of a login."""

    session_id: Annotated[str, msgspec.Meta(max_length=128)] = ""
    logon_type: Literal["interactive", "remote", "unlock", "cached", "service"] | None = None
    time_until_desktop_is_visible_ms: Amount | None = None
    time_until_desktop_is_ready_ms: Amount | None = None


def _identity(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


dimensions.register(
    dimensions.Dimension(
        dictionary="users",
        entry=UserEntry,
        model=User,
        switch="username",
        on_seen=services.remember_use,
    )
)
kinds.register(
    kinds.PunctualKind(
        name="session.logins",
        model=Login,
        dimensions={"user": "users"},
        fields=LoginFields,
        switch="session_events",
    )
)
