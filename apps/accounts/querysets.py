"""Reads of accounts and profiles."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from django.contrib.auth.base_user import BaseUserManager
from django.db import models

from apps.accounts.choices import AccountKind, AccountState, ProfileKind

if TYPE_CHECKING:
    from apps.accounts.models import Account, Profile
    from apps.core.scope import Scope

ADMINISTRATOR = "administrator"  # the built-in profile


class AccountQuerySet(models.QuerySet["Account"]):
    """Chainable filters."""

    def permitted_to(self, scope: Scope) -> Self:
        """Keep all accounts for those who may see accounts, else the caller's own."""
        if "accounts.view_account" in scope.permissions:
            return self.all()
        return self.filter(pk=scope.account_id)

    def active(self) -> Self:
        """Keep accounts that may sign in, expiry apart."""
        return self.filter(state=AccountState.ACTIVE)

    def main_administrators(self) -> Self:
        """Keep the main administrator: one row, or none before the first start."""
        return self.filter(kind=AccountKind.MAIN)


class AccountManager(BaseUserManager.from_queryset(AccountQuerySet)):  # type: ignore[misc]
    """Finds accounts by login whatever its case; `services` make them."""

    def get_by_natural_key(self, username: str | None) -> Any:
        """Return the account of a typed login. Raises: Account.DoesNotExist."""
        return self.get(login__iexact=username)


class ProfileQuerySet(models.QuerySet["Profile"]):
    """Chainable filters."""

    def permitted_to(self, scope: Scope) -> Self:
        """Keep all profiles for those who may see profiles, else none."""
        return self.all() if "accounts.view_profile" in scope.permissions else self.none()

    def main(self) -> Self:
        """Keep profiles that can stand alone."""
        return self.filter(kind=ProfileKind.MAIN)

    def additional(self) -> Self:
        """Keep profiles that add rights to a main profile."""
        return self.filter(kind=ProfileKind.ADDITIONAL)

    def administrator(self) -> Profile:
        """Return the built-in profile of administrators. Cost: 1 query."""
        return self.get(built_in=ADMINISTRATOR)
