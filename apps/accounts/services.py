"""Changes of accounts and profiles, each with its audit row."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.contrib.auth.models import Group, Permission
from django.contrib.auth.password_validation import validate_password
from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext_lazy as _

from apps.accounts.choices import AccountKind, AccountState, ProfileKind
from apps.accounts.models import Account, Profile
from apps.accounts.scope import profiles_of, scope_of
from apps.audit import services as audit
from apps.audit.choices import ActorKind, AuditCode
from apps.core.errors import DomainError
from apps.core.personal_data import PrivacyLevel
from apps.core.scope import grants_of


class MainAdministratorExists(DomainError):
    """Exactly one per instance; the role is passed on, not copied."""

    code = "main_administrator_exists"
    message = _("There is a main administrator already.")
    status = 409


class LoginTaken(DomainError):
    """Logins differ by more than their case."""

    code = "login_taken"
    message = _("An account with this login exists.")


class NotAllowedOnAccount(DomainError):
    """Only the main administrator touches administrators. Source: access.md 2.1."""

    code = "permission_refused"
    message = _("Only the main administrator may do this.")
    status = 403


class CannotChangeOwnRights(DomainError):
    """Nobody raises or lowers their own rights. Source: access.md 6."""

    code = "cannot_change_own_rights"
    message = _("You cannot change your own profiles, kind or state.")
    status = 403


class ExceedsOwnRights(DomainError):
    """Who may administrate accounts gives no more than they have themselves."""

    code = "exceeds_own_rights"
    message = _("You cannot give, or decide about, more rights than you have yourself.")
    status = 403


class LastMainAdministrator(DomainError):
    """Without the main administrator nobody could make administrators any more."""

    code = "last_main_administrator"
    message = _("The main administrator cannot be disabled. Pass the role on first.")


class WrongKindOfProfile(DomainError):
    """A main profile stands alone, an additional one never does."""

    code = "wrong_kind_of_profile"
    message = _("The main profile must be of the kind main, all others additional.")


class BuiltInProfile(DomainError):
    """dex relies on it, and administrators on all of its permissions."""

    code = "built_in_profile"
    message = _("This profile belongs to dex and cannot be changed.")


class ProfileInUse(DomainError):
    """Its accounts would be left without rights, unseen."""

    code = "profile_in_use"
    message = _("Accounts hold this profile. Give them another one first.")


@transaction.atomic
def create_main_administrator(*, login: str, password: str, now: datetime) -> Account:
    """Make the one account that may do everything; called at the first start.

    Raises:
        MainAdministratorExists: the instance has one.
        LoginTaken: another account has this login.
        django.core.exceptions.ValidationError: the password is too weak.
    """
    if Account.objects.main_administrators().exists():
        raise MainAdministratorExists
    account = _new_account(login=login, kind=AccountKind.MAIN, now=now)
    account.is_superuser = True
    account.main_profile = Profile.objects.administrator()
    _give_password(account, password)
    account.save()
    _derive_groups(account)
    audit.record(
        code=AuditCode.ACCOUNT_CREATED,
        actor_kind=ActorKind.SYSTEM,
        actor_label="create_main_administrator",
        **_about(account),
        detail={"kind": account.kind},
        at=now,
    )
    return account


@transaction.atomic
def create_account(
    *,
    login: str,
    actor: Account,
    now: datetime,
    kind: str = AccountKind.ORDINARY,
    password: str | None = None,
    display_name: str = "",
    email: str = "",
    main_profile: Profile | None = None,
    additional_profiles: Iterable[Profile] = (),
    expires_at: datetime | None = None,
) -> Account:
    """Make an account; without a password it cannot sign in until one is set.

    An administrator always holds the built-in profile, whatever `main_profile` says.

    Raises:
        NotAllowedOnAccount: only the main administrator makes administrators.
        ExceedsOwnRights, LoginTaken, WrongKindOfProfile.
        django.core.exceptions.ValidationError: the password is too weak.
    """
    additional_profiles = list(additional_profiles)
    refuse_kind(kind, actor)
    _refuse_exceeding([main_profile, *additional_profiles], actor)
    account = _new_account(login=login, kind=kind, now=now)
    account.display_name, account.email, account.expires_at = display_name, email, expires_at
    _give_password(account, password)
    account.save()
    _put_profiles(account, main_profile, additional_profiles)
    audit.record(
        code=AuditCode.ACCOUNT_CREATED,
        actor=actor,
        **_about(account),
        detail={"kind": kind, **_profile_ids(account)},
        at=now,
    )
    return account


@transaction.atomic
def change_account(
    *,
    account: Account,
    display_name: str,
    email: str,
    expires_at: datetime | None,
    actor: Account,
    now: datetime,
) -> Account:
    """Change what describes an account; rights, state and password have services of their own.

    Raises:
        NotAllowedOnAccount: `account` is above `actor`.
    """
    refuse_touching(account, actor)
    old_expiry = account.expires_at
    account.display_name, account.email, account.expires_at = display_name, email, expires_at
    account.save(update_fields=["display_name", "email", "expires_at"])
    detail = {"old_expires_at": _text(old_expiry), "expires_at": _text(expires_at)}
    audit.record(
        code=AuditCode.ACCOUNT_CHANGED, actor=actor, **_about(account), detail=detail, at=now
    )
    return account


@transaction.atomic
def set_profiles(
    *,
    account: Account,
    main_profile: Profile | None,
    additional_profiles: Iterable[Profile],
    actor: Account,
    now: datetime,
) -> Account:
    """Replace the profiles of an account and the groups derived from them.

    Effective at the account's next request. One audit row for each profile given or taken.

    Raises:
        NotAllowedOnAccount, CannotChangeOwnRights, ExceedsOwnRights, WrongKindOfProfile.
    """
    additional_profiles = list(additional_profiles)
    refuse_touching(account, actor)
    _refuse_self(account, actor)
    _refuse_exceeding([main_profile, *additional_profiles], actor)
    before = _held(account)
    _put_profiles(account, main_profile, additional_profiles)
    after = _held(account)
    _record_profiles(AuditCode.PROFILE_TAKEN, before - after, account, actor, now)
    _record_profiles(AuditCode.PROFILE_GIVEN, after - before, account, actor, now)
    return account


@transaction.atomic
def set_password(*, account: Account, password: str, actor: Account, now: datetime) -> Account:
    """Set a password; every session of the account ends.

    Raises:
        NotAllowedOnAccount: `account` is above `actor` and another one.
        django.core.exceptions.ValidationError: the password is too weak.
    """
    if account.pk != actor.pk:
        refuse_touching(account, actor)
    _give_password(account, password)
    account.security_epoch += 1
    account.save(update_fields=["password", "security_epoch"])
    audit.record(
        code=AuditCode.ACCOUNT_CHANGED,
        actor=actor,
        **_about(account),
        detail={"password": "changed"},
        at=now,
    )
    return account


@transaction.atomic
def disable_account(*, account: Account, actor: Account, now: datetime) -> Account:
    """Close an account; its sessions end at once, its rows and audit trail stay.

    Raises:
        NotAllowedOnAccount, CannotChangeOwnRights, LastMainAdministrator.
    """
    if account.kind == AccountKind.MAIN:
        raise LastMainAdministrator
    refuse_touching(account, actor)
    _refuse_self(account, actor)
    _set_state(account, AccountState.DISABLED)
    audit.record(code=AuditCode.ACCOUNT_DISABLED, actor=actor, **_about(account), at=now)
    return account


@transaction.atomic
def enable_account(*, account: Account, actor: Account, now: datetime) -> Account:
    """Open a disabled account again.

    Raises:
        NotAllowedOnAccount, CannotChangeOwnRights.
    """
    refuse_touching(account, actor)
    _refuse_self(account, actor)
    _set_state(account, AccountState.ACTIVE)
    audit.record(code=AuditCode.ACCOUNT_ENABLED, actor=actor, **_about(account), at=now)
    return account


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
    _refuse_giving(permissions, privacy_level, actor)
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
        **_about_profile(profile),
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
    _refuse_giving(permissions, privacy_level, actor)
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
        **_about_profile(profile),
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
    """
    _refuse_built_in(profile)
    if profile.main_accounts.exists() or profile.additional_accounts.exists():
        raise ProfileInUse
    audit.record(code=AuditCode.PROFILE_DELETED, actor=actor, **_about_profile(profile), at=now)
    group = profile.group
    profile.delete()
    group.delete()


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
    if profile.pk in _held(actor):
        raise CannotChangeOwnRights
    _refuse_exceeding([profile], actor)


def _refuse_exceeding(profiles: Iterable[Profile | None], actor: Account) -> None:
    """Let an ordinary account give no profile that is more than its own rights."""
    if actor.kind != AccountKind.ORDINARY:
        return
    if any(_exceeds(profile, actor) for profile in profiles if profile is not None):
        raise ExceedsOwnRights


def _refuse_giving(permissions: Iterable[Permission], level: int, actor: Account) -> None:
    """Let an ordinary account put nothing into a profile that it does not have."""
    scope = scope_of(actor)
    if actor.kind == AccountKind.ORDINARY and (
        level < scope.privacy_level or not names_of(permissions) <= scope.permissions
    ):
        raise ExceedsOwnRights


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


def _refuse_self(account: Account, actor: Account) -> None:
    if account.pk == actor.pk:
        raise CannotChangeOwnRights


def _refuse_built_in(profile: Profile) -> None:
    if profile.built_in:
        raise BuiltInProfile


def _new_account(*, login: str, kind: str, now: datetime) -> Account:
    """Return an unsaved account, refusing a login that is taken."""
    login = login.strip()
    if Account.objects.filter(login__iexact=login).exists():
        raise LoginTaken
    return Account(login=login, kind=kind, created_at=now)


def _give_password(account: Account, password: str | None) -> None:
    """Set a checked password, or none that could ever match."""
    if password is None:
        account.set_unusable_password()
        return
    validate_password(password, account)
    account.set_password(password)


def _put_profiles(
    account: Account, main_profile: Profile | None, additional_profiles: Iterable[Profile]
) -> None:
    """Write the profiles and derive the groups."""
    additional = list(additional_profiles)
    if account.kind != AccountKind.ORDINARY:
        main_profile = Profile.objects.administrator()
    elif main_profile is not None and main_profile.built_in:
        raise NotAllowedOnAccount  # the way round the kind "administrator"
    if main_profile is not None and main_profile.kind != ProfileKind.MAIN:
        raise WrongKindOfProfile
    if any(profile.kind != ProfileKind.ADDITIONAL for profile in additional):
        raise WrongKindOfProfile
    account.main_profile = main_profile
    account.save(update_fields=["main_profile"])
    account.additional_profiles.set(additional)
    _derive_groups(account)


def _derive_groups(account: Account) -> None:
    """Make the groups, which Django and guardian read, those of the profiles."""
    account.groups.set(Group.objects.filter(profile__in=_held(account)))


def _held(account: Account) -> set[int]:
    """Return the ids of the profiles of an account."""
    held = set(account.additional_profiles.values_list("pk", flat=True))
    return held | ({account.main_profile_id} if account.main_profile_id else set())


def _set_state(account: Account, state: str) -> None:
    """Write the state; the epoch ends older sessions."""
    Account.objects.filter(pk=account.pk).update(
        state=state, security_epoch=F("security_epoch") + 1
    )
    account.refresh_from_db(fields=["state", "security_epoch"])


def _about(account: Account) -> dict[str, Any]:
    """Return how an audit row names an account."""
    return {
        "object_kind": "account",
        "object_id": str(account.pk),
        "object_label": account.login,
    }


def _about_profile(profile: Profile) -> dict[str, Any]:
    """Return how an audit row names a profile."""
    return {
        "object_kind": "profile",
        "object_id": str(profile.pk),
        "object_label": profile.name,
    }


def _record_profiles(
    code: AuditCode, profiles: set[int], account: Account, actor: Account, now: datetime
) -> None:
    """Write one row for each profile that changed hands."""
    for profile in Profile.objects.filter(pk__in=profiles):
        audit.record(
            code=code,
            actor=actor,
            **_about(account),
            detail={"profile": profile.pk, "name": profile.name},
            at=now,
        )


def _record_level(profile: Profile, old: int, actor: Account, now: datetime) -> None:
    """Write the row of a changed privacy level, which is more than a changed profile."""
    audit.record(
        code=AuditCode.PRIVACY_LEVEL_CHANGED,
        actor=actor,
        **_about_profile(profile),
        detail={"old": old, "new": profile.privacy_level},
        at=now,
    )


def _profile_ids(account: Account) -> dict[str, object]:
    """Return the profiles of an account for an audit row."""
    return {"profiles": sorted(_held(account))}


def _codenames(profile: Profile) -> list[str]:
    """Return "app.codename" of a profile's permissions, at most what an audit row holds."""
    return sorted(names_of(profile.group.permissions.all()))[:150]


def _text(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
