"""The inventory part `users`: accounts seen on a device (the struct is the protocol)."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec

from apps.devices.models import Device
from apps.events.choices import RefusalCode
from apps.events.inventory import Part, register
from apps.events.policy import Policy
from apps.events.refusals import Refused
from apps.users import services
from apps.users.choices import NamePrivacyLevel, Rights, UserType
from apps.users.entries import (
    AccountName,
    AccountType,
    account_row,
    is_pseudonym,
    permitted_form,
    stored,
)
from apps.users.groups import permitted_groups

ACCOUNTS_LIMIT = 2_000  # of one device; terminal servers have many
GROUPS_LIMIT = 500  # of one account; directories have accounts in thousands
Identifier = Annotated[str, msgspec.Meta(max_length=200)]
PrincipalName = Annotated[str, msgspec.Meta(max_length=320)]
Group = Annotated[str, msgspec.Meta(min_length=1, max_length=255)]


class AccountItem(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One account.

    name: as in the batch's dictionary `users`. sid: a SID, or the numeric id of this device; like
    upn, a pseudonym where the name is one.
    """

    name: AccountName | None
    type: AccountType
    sid: Identifier | None = None
    upn: PrincipalName | None = None
    rights: Literal["standard", "power_user", "administrator", "unknown"] | None = None
    groups: Annotated[list[Group], msgspec.Meta(max_length=GROUPS_LIMIT)] | None = None


def apply_users(
    *, device_id: int, state: Sequence[AccountItem], policy: Policy, now: datetime
) -> list[Refused]:
    """Bring accounts, their rights and groups to what the device says.

    An account whose name may not be kept leaves nothing. A SID that contradicts what other devices
    told is refused alone.
    """
    accounts: dict[str, tuple[int, AccountItem, dict[str, Any]]] = {}
    for number, item in enumerate(state):
        row = account_row(item.name, item.type, device_id, policy) if item.name else None
        if row:
            accounts[row["identity"]] = (number, item, row)
    ids = services.remember_accounts(
        device_id=device_id, rows=[row for _, _, row in accounts.values()], now=now
    )
    place = Device.objects.values_list("uid", flat=True).get(pk=device_id)
    contradicting = services.tell_accounts(
        device_id=device_id,
        accounts={
            ids[i]: services.Told(
                facts=_facts(item, str(place), policy.hash_epoch),
                rights=item.rights or Rights.UNKNOWN,
                groups=item.groups or (),
            )
            for i, (_number, item, _row) in accounts.items()
        },
        now=now,
    )
    return [
        Refused(RefusalCode.INVALID, "items", str(number), "sid")
        for i, (number, _item, _row) in accounts.items()
        if ids[i] in contradicting
    ]


def permitted_name(value: str, policy: Policy) -> str:
    """Return a name or SID as the switch `username` allows it, else ""."""
    return permitted_form(value, "username", policy)


def permitted_upn(value: str, policy: Policy) -> str:
    """Return a principal name as the switch `upn` allows it, else ""."""
    return permitted_form(value, "upn", policy)


def _facts(item: AccountItem, place: str, epoch: int) -> Mapping[str, Any]:
    """Return the columns that an account's item tells; what it does not tell stays."""
    facts: dict[str, Any] = {"type": UserType(item.type)}
    if item.sid:
        facts["sid"] = _sid(item.sid, place, epoch)
    if item.upn:
        is_hashed = is_pseudonym(item.upn)
        facts["upn"] = stored(item.upn, epoch) if is_hashed else item.upn
        facts["upn_privacy_level"] = (
            NamePrivacyLevel.HASHED if is_hashed else NamePrivacyLevel.CLEAR
        )
    return facts


def _sid(sid: str, place: str, epoch: int) -> str:
    """Return what is stored: a numeric id means something on its own device only."""
    if is_pseudonym(sid):
        return stored(sid, epoch)
    return f"{sid}@{place}" if sid.isdecimal() else sid


register(
    Part(
        name="users",
        struct=AccountItem,
        apply=apply_users,
        is_list=True,
        is_about_people=True,
        items_limit=ACCOUNTS_LIMIT,
        field_switches={"rights": "user_groups"},
        permitted={
            "name": ("username", permitted_name),
            "sid": ("username", permitted_name),
            "upn": ("upn", permitted_upn),
            "groups": ("user_groups", permitted_groups),
        },
    )
)
