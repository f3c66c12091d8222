"""Who may decide what is collected at a place."""

from apps.collectors.choices import Level
from apps.collectors.models import CollectorConfiguration
from apps.core.scope import Scope
from apps.organization.models import Entity


def may_reach(scope: Scope, row: CollectorConfiguration) -> bool:
    """Return whether the caller's view domain lets them manage the place; permissions apart.

    Cost: at most 1 query.
    """
    if scope.is_unrestricted:
        return True
    if row.level == Level.INSTANCE:
        return False
    entity = row.device.entity if row.device else row.entity
    managed = Entity.objects.permitted_to(scope, "manage")
    return entity is not None and managed.filter(pk=entity.pk).exists()


def place_label(row: CollectorConfiguration, scope: Scope) -> str:
    """Return where a configuration holds, as the caller may see it."""
    if row.device is not None:
        return scope.label(row.device)
    return row.entity.name if row.entity is not None else str(Level.INSTANCE.label)
