"""Whether anybody else could decide: only where nobody could may one person confirm alone."""

from typing import Any

from django.contrib.auth.models import Permission
from django.db.models import Q

from apps.accounts.choices import AccountKind
from apps.accounts.models import Account
from apps.core import clock
from apps.core.approvals import kinds


def has_other_holder(permission: str, account_id: Any) -> bool:
    """Return whether an account that may sign in, another than this, holds `permission`.

    Cost: 1 query.
    """
    app, _, codename = permission.partition(".")
    wanted = Permission.objects.filter(content_type__app_label=app, codename=codename)
    holders = Account.objects.active().filter(
        Q(kind=AccountKind.MAIN)
        | Q(groups__permissions__in=wanted)
        | Q(user_permissions__in=wanted)
    )
    not_over = Q(expires_at__isnull=True) | Q(expires_at__gt=clock.now())
    return holders.filter(not_over).exclude(pk=account_id).exists()


kinds.register_directory(has_other_holder)
