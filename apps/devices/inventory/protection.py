"""Parts `security` and `local_admins`: what protects the machine, and who may change that."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec

from apps.devices import pseudonyms, services
from apps.devices.choices import (
    FirewallProtection,
    LocalAdminType,
    RealTimeProtection,
    UpToDate,
)
from apps.devices.models import Antivirus, Firewall, LocalAdmin
from apps.devices.permitted import HASHED_NAME, Text, permitted_admin, version_columns
from apps.events.inventory import Part, register
from apps.events.policy import Policy

FEW = msgspec.Meta(max_length=64)  # items of one list


class AntivirusItem(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One antivirus."""

    name: Text | None = None
    version: Text | None = None
    is_up_to_date: Literal["yes", "no", "not_reported"] = "not_reported"
    real_time_protection: Literal["enabled", "disabled", "not_reported"] = "not_reported"


class FirewallItem(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One firewall."""

    name: Text | None = None
    real_time_protection: Literal["enabled", "disabled", "partially_enabled", "not_reported"] = (
        "not_reported"
    )


class Security(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Part `security`."""

    antiviruses: Annotated[list[AntivirusItem], FEW] = []
    firewalls: Annotated[list[FirewallItem], FEW] = []
    user_account_control_status: Literal["ok", "at_risk", "not_applicable", "unknown"] | None = None


class LocalAdminItem(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One item of part `local_admins`; name: "domain\\user", or its pseudonym "h:..."."""

    name: (
        Annotated[str, msgspec.Meta(min_length=1, max_length=256, pattern=r"^[^\x00-\x1f\x7f]+\Z")]
        | None
    )
    type: Literal["user", "group"] = "user"


def apply_security(*, device_id: int, state: Security, policy: Policy, now: datetime) -> None:
    """Write what protects the machine."""
    report = services.Report(device_id=device_id, part="security", policy=policy, now=now)
    report.write_facts({"user_account_control_status": state.user_account_control_status or ""})
    report.write_list(
        Antivirus,
        [
            {
                "name": item.name or "",
                "is_up_to_date": UpToDate(item.is_up_to_date),
                "real_time_protection": RealTimeProtection(item.real_time_protection),
                **version_columns("version", item.version),
            }
            for item in state.antiviruses
        ],
    )
    report.write_list(
        Firewall,
        [
            {
                "name": item.name or "",
                "real_time_protection": FirewallProtection(item.real_time_protection),
            }
            for item in state.firewalls
        ],
    )


def apply_local_admins(
    *, device_id: int, state: Sequence[LocalAdminItem], policy: Policy, now: datetime
) -> None:
    """Replace the device's local administrators; one whose name may not be kept leaves nothing."""
    kept: dict[str, dict[str, Any]] = {}
    for item in state:
        if name := stored_name(item.name or "", policy.hash_epoch):
            kept[name] = {"name": name, "type": LocalAdminType(item.type)}
    report = services.Report(device_id=device_id, part="local_admins", policy=policy, now=now)
    report.write_list(LocalAdmin, list(kept.values()))


def stored_name(name: str, epoch: int) -> str:
    """Return a name as users are called: user@domain, or the pseudonym of the second step."""
    if HASHED_NAME.fullmatch(name):
        return pseudonyms.stored(name, epoch)
    domain, _, short = name.rpartition("\\")
    return f"{short}@{domain}" if domain else short


register(Part(name="security", struct=Security, apply=apply_security, is_list=False))
register(
    Part(
        name="local_admins",
        struct=LocalAdminItem,
        apply=apply_local_admins,
        is_list=True,
        is_about_people=True,
        switch="local_admins",
        permitted={"name": ("username", permitted_admin)},
    )
)
