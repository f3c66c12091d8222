"""How the grants of a profile on the tree resolve, for `core.scope`."""

from collections import defaultdict

from apps.core import scope
from apps.core.scope import Grants
from apps.organization.choices import EntityKind
from apps.organization.models import EntityGroupPermission

ACTIONS = ("view_device", "act_on_device", "manage_device")


def resolve(group_id: int) -> Grants:
    """Return the granted nodes of a group, by action. Cost: 1 query.

    Everything on the root is full access: such a scope is unrestricted.
    """
    nodes: defaultdict[str, set[str]] = defaultdict(set)
    on_root = set()
    rows = EntityGroupPermission.objects.filter(group_id=group_id)
    for action, node, kind in rows.values_list(
        "permission__codename", "content_object_id", "content_object__kind"
    ):
        nodes[action].add(str(node))
        if kind == EntityKind.ROOT:
            on_root.add(action)
    return Grants(
        nodes={action: frozenset(found) for action, found in nodes.items()},
        is_unrestricted=on_root.issuperset(ACTIONS),
    )


scope.register_resolver(resolve)
