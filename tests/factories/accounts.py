"""Accounts and profiles with dull defaults."""

from collections.abc import Iterable
from datetime import datetime
from itertools import count

from django.contrib.auth.models import Group, Permission
from django.db.models import Q

from apps.accounts.choices import AccountKind, ProfileKind
from apps.accounts.models import Account, Profile
from apps.core.personal_data import PrivacyLevel
from tests.conftest import NOW

PASSWORD = "correct horse battery staple"

_numbers = count(1)


def make_profile(
    name: str = "",
    *,
    kind: str = ProfileKind.MAIN,
    privacy_level: int = PrivacyLevel.FULL,
    permissions: Iterable[str] = (),
) -> Profile:
    """Return a profile. permissions: "app.codename"."""
    name = name or f"Profile {next(_numbers)}"
    group = Group.objects.create(name=name)
    profile = Profile.objects.create(group=group, name=name, kind=kind, privacy_level=privacy_level)
    group.permissions.set(find_permissions(permissions))
    return profile


def find_permissions(names: Iterable[str]) -> list[Permission]:
    """Return the permissions called "app.codename", refusing unknown ones."""
    names = list(names)
    if not names:
        return []
    wanted = Q()
    for name in names:
        app, codename = name.split(".")
        wanted |= Q(content_type__app_label=app, codename=codename)
    found = list(Permission.objects.filter(wanted))
    assert len(found) == len(names), f"unknown permission among {names}"
    return found


def make_account(
    login: str = "",
    *,
    kind: str = AccountKind.ORDINARY,
    profile: Profile | None = None,
    additional: Iterable[Profile] = (),
    password: str | None = None,
    created_at: datetime = NOW,
) -> Account:
    """Return an account, by default an ordinary one that holds no profile."""
    if kind != AccountKind.ORDINARY:
        profile = Profile.objects.administrator()
    account = Account(
        login=login or f"account{next(_numbers)}",
        kind=kind,
        is_superuser=kind == AccountKind.MAIN,
        main_profile=profile,
        created_at=created_at,
    )
    account.set_password(password)
    account.save()
    account.additional_profiles.set(additional)
    held = [*([profile] if profile else []), *additional]
    account.groups.set(held_profile.group for held_profile in held)
    return account


def only(account: Account, *permissions: str) -> None:
    """Leave an account these permissions."""
    assert account.main_profile is not None
    account.main_profile.group.permissions.set(find_permissions(permissions))
