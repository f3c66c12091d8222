"""Local administrators probe: who is root, or may become it."""

from dex_collector.inventory import Part
from dex_collector.probes.accounts_linux import (
    administrators,
    read_accounts,
    read_grants,
    read_groups,
)
from dex_collector.probes.base import Context, Lack, Output

ITEMS_MAXIMUM = 500


def read_local_admins(context: Context) -> list[Output]:
    """Read the list of administrators, nothing where no name may be sent."""
    if context.configuration.value("username") == "none":
        return []
    root, naming = context.root, context.naming
    grants = read_grants(root)
    users = administrators(read_accounts(root), read_groups(root), grants)
    named = [("user", name) for name in sorted(users)]
    named += [("group", name) for name in sorted(grants.groups)]
    shown = [(kind, naming.of_administrator(name)) for kind, name in named]
    items = [{"name": name, "type": kind} for kind, name in shown if name is not None]
    outputs: list[Output] = [Part("local_admins", items=items[:ITEMS_MAXIMUM])]
    return outputs if grants.is_whole else [*outputs, Lack("sudoers.unsupported")]
