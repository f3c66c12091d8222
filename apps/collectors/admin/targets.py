"""Where a configuration holds, as the console asks and names it."""

from apps.collectors.choices import Level
from apps.collectors.models import CollectorConfiguration
from apps.collectors.rights import may_reach, place_label
from apps.core.scope import Scope
from apps.devices.models import Device
from apps.organization.models import Entity

PERMISSION = "collectors.configure"


class Target:
    """Where a configuration holds: the instance, an entity or a device."""

    def __init__(
        self, level: Level, entity: Entity | None = None, device: Device | None = None
    ) -> None:
        self.level, self.entity, self.device = level, entity, device

    def label(self, scope: Scope) -> str:
        """Return its name, as the caller may see it."""
        row = CollectorConfiguration(level=self.level, entity=self.entity, device=self.device)
        return place_label(row, scope)

    def in_force(self) -> CollectorConfiguration | None:
        """Return what holds there now. Cost: 1 query."""
        rows = CollectorConfiguration.objects.in_force()
        return rows.at(self.level, self.entity, self.device).first()

    def waiting(self) -> CollectorConfiguration | None:
        """Return what waits there. Cost: 1 query."""
        rows = CollectorConfiguration.objects.waiting()
        return rows.at(self.level, self.entity, self.device).first()

    @property
    def query(self) -> str:
        """Return the query string that names it."""
        if self.device is not None:
            return f"?level={Level.DEVICE}&device={self.device.pk}"
        if self.entity is not None:
            return f"?level={Level.ENTITY}&entity={self.entity.pk}"
        return f"?level={Level.INSTANCE}"


def target_of(row: CollectorConfiguration) -> Target:
    """Return where a configuration holds."""
    return Target(Level(row.level), row.entity, row.device)


def may_decide(scope: Scope, target: Target) -> bool:
    """Return whether the caller may decide what is collected there. Cost: at most 1 query."""
    if PERMISSION not in scope.permissions:
        return False
    row = CollectorConfiguration(level=target.level, entity=target.entity, device=target.device)
    return may_reach(scope, row)
