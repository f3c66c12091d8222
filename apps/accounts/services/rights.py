"""Who may decide about whom: nobody gives, or decides about, more than they have."""

from collections.abc import Iterable

from django.contrib.auth.models import Permission

from apps.accounts.choices import AccountKind
from apps.accounts.models import Account, Profile
from apps.accounts.scope import profiles_of, scope_of
from apps.accounts.services.errors import (
    CannotChangeOwnRights,
    ExceedsOwnRights,
    MainAdministratorExists,
    NotAllowedOnAccount,
)
from apps.core.scope import grants_of


def refuse_kind(kind: str, actor: Account) -> None:
    """Let only the main administrator make administrators, and nobody a main one."""
    if kind == AccountKind.MAIN:
        raise MainAdministratorExists
    if kind == AccountKind.ADMINISTRATOR and actor.kind != AccountKind.MAIN:
        raise NotAllowedOnAccount


def refuse_touching(account: Account, actor: Account) -> None:
    """Let only the main administrator change administrators and the main one."""
    if not may_touch(account, actor):
        raise NotAllowedOnAccount


def may_touch(account: Account, actor: Account) -> bool:
    """Return whether `actor` stands high enough to change `account`; permissions apart.

    An ordinary account that administrates others touches none that may do or see more: a new
    password would hand over those rights.
    """
    if account.kind != AccountKind.ORDINARY:
        return actor.kind == AccountKind.MAIN
    return actor.kind != AccountKind.ORDINARY or not any(
        _exceeds(profile, actor) for profile in profiles_of(account)
    )


def refuse_deciding(profile: Profile, actor: Account) -> None:
    """Let an ordinary account change no profile that it holds or that is more than its own."""
    if profile.pk in held_by(actor):
        raise CannotChangeOwnRights
    refuse_exceeding([profile], actor)


def refuse_exceeding(profiles: Iterable[Profile | None], actor: Account) -> None:
    """Let an ordinary account give no profile that is more than its own rights."""
    if actor.kind != AccountKind.ORDINARY:
        return
    if any(_exceeds(profile, actor) for profile in profiles if profile is not None):
        raise ExceedsOwnRights


def refuse_giving(permissions: Iterable[Permission], level: int, actor: Account) -> None:
    """Let an ordinary account put nothing into a profile that it does not have."""
    scope = scope_of(actor)
    if actor.kind == AccountKind.ORDINARY and (
        level < scope.privacy_level or not names_of(permissions) <= scope.permissions
    ):
        raise ExceedsOwnRights


def refuse_self(account: Account, actor: Account) -> None:
    if account.pk == actor.pk:
        raise CannotChangeOwnRights


def _exceeds(profile: Profile, actor: Account) -> bool:
    """Return whether a profile may do or see anything that `actor` may not."""
    scope, grants = scope_of(actor), grants_of(profile.group_id)
    is_wider = not scope.is_unrestricted and (
        grants.is_unrestricted
        or any(
            nodes - scope.grants.get(action, frozenset()) for action, nodes in grants.nodes.items()
        )
    )
    has_more = not names_of(profile.group.permissions.all()) <= scope.permissions
    return is_wider or has_more or profile.privacy_level < scope.privacy_level


def names_of(permissions: Iterable[Permission]) -> set[str]:
    """Return "app.codename" of permissions."""
    keys = {permission.pk for permission in permissions}
    rows = Permission.objects.filter(pk__in=keys).order_by()
    return {
        f"{app}.{codename}"
        for app, codename in rows.values_list("content_type__app_label", "codename")
    }


def held_by(account: Account) -> set[int]:
    """Return the ids of the profiles of an account."""
    held = set(account.additional_profiles.values_list("pk", flat=True))
    return held | ({account.main_profile_id} if account.main_profile_id else set())
