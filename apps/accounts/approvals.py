"""Whether anybody else could decide: only where nobody could may one person confirm alone."""

from typing import Any

from django.contrib.auth.models import Permission
from django.db.models import Q

from apps.accounts.choices import AccountKind
from apps.accounts.models import Account
from apps.accounts.scope import scope_of
from apps.core import clock
from apps.core.approvals import kinds
from apps.core.approvals.kinds import Reaches


def has_other_holder(permission: str, account_id: Any, reaches: Reaches) -> bool:
    """Return whether an account that may sign in, another than this, holds `permission` there.

    reaches: whether a scope covers what is to be decided. Cost: 1 query, and 4 an account.
    """
    app, _, codename = permission.partition(".")
    wanted = Permission.objects.filter(content_type__app_label=app, codename=codename)
    holders = Account.objects.active().filter(
        Q(kind=AccountKind.MAIN)
        | Q(groups__permissions__in=wanted)
        | Q(user_permissions__in=wanted)
    )
    not_over = Q(expires_at__isnull=True) | Q(expires_at__gt=clock.now())
    others = holders.filter(not_over).exclude(pk=account_id).distinct()
    return any(reaches(scope_of(account)) for account in others)


kinds.register_directory(has_other_holder)
