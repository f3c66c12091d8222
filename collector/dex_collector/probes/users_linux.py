"""Users probe: the accounts of people on the machine, with their groups and rights."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from dex_collector.configuration import Configuration
from dex_collector.inventory import Part
from dex_collector.probes.accounts_linux import (
    Account,
    administrators,
    groups_of,
    read_accounts,
    read_grants,
    read_groups,
)
from dex_collector.probes.base import Context, Lack, Output

ITEMS_MAXIMUM, GROUPS_MAXIMUM = 500, 500
NAME_MAXIMUM = 255  # characters of a group's name
# Accounts of a directory are in no file; one that logs in is told by its login.
LACKS = ("directory_accounts.unsupported", "upn.unsupported")

Rights = Callable[[Account], dict[str, Any]]


def read_users(context: Context) -> list[Output]:
    """Read the list of accounts, nothing where no name may be sent."""
    configuration = context.configuration
    if configuration.value("username") == "none":
        return []
    accounts = read_accounts(context.root)
    rights: Rights | None = None
    if configuration.is_on("user_groups"):
        rights = read_rights(context.root, accounts, configuration)
    items = []
    for account in accounts:
        if context.naming.type_of(account.uid) == "system" or not account.may_log_in:
            continue
        entry = context.naming.of_uid(account.uid)
        if entry is not None:
            item = {**entry, "sid": context.naming.of_number(account.uid)}
            items.append(item if rights is None else {**item, **rights(account)})
    return [Part("users", items=items[:ITEMS_MAXIMUM]), *map(Lack, LACKS)]


def read_rights(root: Path, accounts: list[Account], configuration: Configuration) -> Rights:
    """Read groups and rights; return what tells those of one account."""
    groups, grants = read_groups(root), read_grants(root)
    admins = administrators(accounts, groups, grants)

    def of(account: Account) -> dict[str, Any]:
        names = allowed_groups(groups_of(account, groups), configuration)
        is_admin = account.name in admins
        # Without sudoers nobody knows of those who are no member of a usual group.
        unknown = "standard" if grants.is_whole else "unknown"
        return {"rights": "administrator" if is_admin else unknown, "groups": names}

    return of


def allowed_groups(names: list[str], configuration: Configuration) -> list[str]:
    """Return the groups that `user_groups` lets in: all, or those on the list."""
    kept = sorted(name[:NAME_MAXIMUM] for name in names)
    if configuration.value("user_groups") != "all":
        listed = configuration.listed("user_groups")
        kept = [name for name in kept if name.lower() in listed]
    return kept[:GROUPS_MAXIMUM]
