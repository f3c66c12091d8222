"""Changes of accounts, each with its audit row."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.contrib.auth.models import Group
from django.contrib.auth.password_validation import validate_password
from django.db import transaction
from django.db.models import F

from apps.accounts.choices import AccountKind, AccountState, ProfileKind
from apps.accounts.models import Account, Profile
from apps.accounts.services.errors import (
    LastMainAdministrator,
    LoginTaken,
    MainAdministratorExists,
    NotAllowedOnAccount,
    WrongKindOfProfile,
)
from apps.accounts.services.rights import (
    held_by,
    refuse_exceeding,
    refuse_kind,
    refuse_self,
    refuse_touching,
)
from apps.audit import services as audit
from apps.audit.choices import ActorKind, AuditCode


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
    language: str = "",
    time_zone: str = "",
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
    refuse_exceeding([main_profile, *additional_profiles], actor)
    account = _new_account(login=login, kind=kind, now=now)
    account.display_name, account.email, account.expires_at = display_name, email, expires_at
    account.language, account.time_zone = language, time_zone
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
def choose_language(*, account: Account, language: str, now: datetime) -> None:
    """Let somebody choose the language of the own account."""
    account.language = language
    account.save(update_fields=["language"])
    audit.record(
        code=AuditCode.ACCOUNT_CHANGED,
        actor=account,
        **_about(account),
        detail={"language": language},
        at=now,
    )


@transaction.atomic
def change_account(
    *,
    account: Account,
    display_name: str,
    email: str,
    language: str,
    time_zone: str,
    expires_at: datetime | None,
    actor: Account,
    now: datetime,
) -> Account:
    """Change what describes an account; rights, state and password have services of their own.

    language, time_zone: "" for those of the browser and of the instance.

    Raises:
        NotAllowedOnAccount: `account` is above `actor`.
        CannotChangeOwnRights: it is the actor's own, and would end at another time.
    """
    refuse_touching(account, actor)
    old_expiry = account.expires_at
    if expires_at != old_expiry:
        refuse_self(account, actor)
    account.display_name, account.email, account.expires_at = display_name, email, expires_at
    account.language, account.time_zone = language, time_zone
    account.save(update_fields=["display_name", "email", "language", "time_zone", "expires_at"])
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
    refuse_self(account, actor)
    refuse_exceeding([main_profile, *additional_profiles], actor)
    before = held_by(account)
    _put_profiles(account, main_profile, additional_profiles)
    after = held_by(account)
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
    refuse_self(account, actor)
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
    refuse_self(account, actor)
    _set_state(account, AccountState.ACTIVE)
    audit.record(code=AuditCode.ACCOUNT_ENABLED, actor=actor, **_about(account), at=now)
    return account


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
    account.groups.set(Group.objects.filter(profile__in=held_by(account)))


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


def _profile_ids(account: Account) -> dict[str, object]:
    """Return the profiles of an account for an audit row."""
    return {"profiles": sorted(held_by(account))}


def _text(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
