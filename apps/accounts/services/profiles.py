"""Changes of profiles, each with its audit row."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.contrib.auth.models import Group, Permission
from django.db import transaction

from apps.accounts.choices import ProfileKind
from apps.accounts.models import Account, Profile
from apps.accounts.services.errors import BuiltInProfile, ProfileInUse
from apps.accounts.services.rights import names_of, refuse_deciding, refuse_giving
from apps.audit import services as audit
from apps.audit.choices import AuditCode
from apps.core.personal_data import PrivacyLevel


@transaction.atomic
def create_profile(
    *,
    name: str,
    actor: Account,
    now: datetime,
    kind: str = ProfileKind.MAIN,
    description: str = "",
    privacy_level: int = PrivacyLevel.USERS_DEVICES_DESTINATIONS,
    landing_page: str = "",
    permissions: Iterable[Permission] = (),
) -> Profile:
    """Make a profile with its group; without permissions it opens nothing.

    Raises:
        ExceedsOwnRights: the profile would be more than `actor` has.
    """
    permissions = list(permissions)
    refuse_giving(permissions, privacy_level, actor)
    profile = Profile.objects.create(
        group=Group.objects.create(name=name),
        name=name,
        kind=kind,
        description=description,
        privacy_level=privacy_level,
        landing_page=landing_page,
    )
    profile.group.permissions.set(permissions)
    audit.record(
        code=AuditCode.PROFILE_CREATED,
        actor=actor,
        **_about(profile),
        detail={"privacy_level": profile.privacy_level, "permissions": _codenames(profile)},
        at=now,
    )
    return profile


@transaction.atomic
def change_profile(
    *,
    profile: Profile,
    name: str,
    description: str,
    privacy_level: int,
    landing_page: str,
    permissions: Iterable[Permission],
    actor: Account,
    now: datetime,
) -> Profile:
    """Change a profile; effective for its accounts at their next request.

    Raises:
        BuiltInProfile: the profile is dex's own.
        CannotChangeOwnRights: `actor` holds it.
        ExceedsOwnRights: it is, or would be, more than `actor` has.
    """
    permissions = list(permissions)
    _refuse_built_in(profile)
    refuse_deciding(profile, actor)
    refuse_giving(permissions, privacy_level, actor)
    old_level, old_permissions = profile.privacy_level, set(_codenames(profile))
    profile.name, profile.description = name, description
    profile.privacy_level, profile.landing_page = privacy_level, landing_page
    profile.save()
    Group.objects.filter(pk=profile.group_id).update(name=name)
    profile.group.permissions.set(permissions)
    now_held = set(_codenames(profile))
    audit.record(
        code=AuditCode.PROFILE_CHANGED,
        actor=actor,
        **_about(profile),
        detail={
            "added": sorted(now_held - old_permissions),
            "removed": sorted(old_permissions - now_held),
        },
        at=now,
    )
    if old_level != privacy_level:
        _record_level(profile, old_level, actor, now)
    return profile


@transaction.atomic
def delete_profile(*, profile: Profile, actor: Account, now: datetime) -> None:
    """Remove a profile that no account holds, with its group and grants.

    Raises:
        BuiltInProfile, ProfileInUse.
        CannotChangeOwnRights: `actor` holds it.
        ExceedsOwnRights: it is more than `actor` has.
    """
    _refuse_built_in(profile)
    refuse_deciding(profile, actor)
    if profile.main_accounts.exists() or profile.additional_accounts.exists():
        raise ProfileInUse
    audit.record(code=AuditCode.PROFILE_DELETED, actor=actor, **_about(profile), at=now)
    group = profile.group
    profile.delete()
    group.delete()


def _refuse_built_in(profile: Profile) -> None:
    if profile.built_in:
        raise BuiltInProfile


def _about(profile: Profile) -> dict[str, Any]:
    """Return how an audit row names a profile."""
    return {
        "object_kind": "profile",
        "object_id": str(profile.pk),
        "object_label": profile.name,
    }


def _record_level(profile: Profile, old: int, actor: Account, now: datetime) -> None:
    """Write the row of a changed privacy level, which is more than a changed profile."""
    audit.record(
        code=AuditCode.PRIVACY_LEVEL_CHANGED,
        actor=actor,
        **_about(profile),
        detail={"old": old, "new": profile.privacy_level},
        at=now,
    )


def _codenames(profile: Profile) -> list[str]:
    """Return "app.codename" of a profile's permissions, at most what an audit row holds."""
    return sorted(names_of(profile.group.permissions.all()))[:150]
