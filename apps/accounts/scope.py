"""From an account to what it may see."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib.auth.models import Permission
from django.db.models import Q

from apps.accounts.choices import AccountKind
from apps.accounts.models import Account, Profile
from apps.core import generations
from apps.core.personal_data import PrivacyLevel
from apps.core.personal_data.ranking import Ranking
from apps.core.scope import NOTHING, Grants, Scope, grants_of

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

EVERYTHING = Grants(is_unrestricted=True)


def scope_of(account: Account | AnonymousUser) -> Scope:
    """Return the rights of an account as they are now; nothing for nobody or a disabled one.

    Permissions are the union over the profiles held, the privacy level is the strictest, the
    view domain that of the main profile alone. Administrators see the whole tree.
    Cost: 3 queries.
    """
    if not isinstance(account, Account) or not account.is_active:
        return NOTHING
    profiles = profiles_of(account)
    grants = _grants(account, profiles)
    permissions, ranking = _permissions(account)
    return Scope(
        account_id=account.pk,
        permissions=permissions,
        privacy_level=_privacy_level(account, profiles),
        grants=grants.nodes,
        is_unrestricted=grants.is_unrestricted,
        ranking=ranking,
    )


def profiles_of(account: Account) -> list[Profile]:
    """Return the profiles an account holds, main and additional. Cost: 1 query."""
    held = Q(pk=account.main_profile_id) | Q(additional_accounts=account)
    return list(Profile.objects.filter(held).distinct())


def _permissions(account: Account) -> tuple[frozenset[str], Ranking]:
    """Return "app.codename" of everything the account may do, and whether it may rank persons.

    The latter is known by the generation of the configuration, which comes along. Cost: 1 query.
    """
    rows = Permission.objects.order_by()
    if account.kind != AccountKind.MAIN:
        through_groups = Permission.objects.filter(group__user=account).values("pk")
        personal = Permission.objects.filter(user=account).values("pk")
        rows = rows.filter(Q(pk__in=through_groups) | Q(pk__in=personal))
    generation = generations.value_of(generations.CONFIGURATION)
    found = list(rows.values_list("content_type__app_label", "codename", generation))
    permissions = frozenset(f"{app}.{codename}" for app, codename, _generation in found)
    return permissions, Ranking(found[0][2] if found else None)


def _privacy_level(account: Account, profiles: list[Profile]) -> PrivacyLevel:
    """Return the strictest level of the profiles; the strictest of all where there is none."""
    levels = [PrivacyLevel(profile.privacy_level) for profile in profiles]
    if levels:
        return max(levels)
    if account.kind == AccountKind.MAIN:
        return PrivacyLevel.FULL
    return PrivacyLevel.USERS_DEVICES_DESTINATIONS


def _grants(account: Account, profiles: list[Profile]) -> Grants:
    """Return what the main profile is granted on the tree. Cost: 1 query for ordinary ones."""
    if account.kind in (AccountKind.MAIN, AccountKind.ADMINISTRATOR):
        return EVERYTHING
    main = [profile for profile in profiles if profile.pk == account.main_profile_id]
    return grants_of(main[0].group_id) if main else Grants()
