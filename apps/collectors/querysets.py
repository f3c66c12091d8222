"""Reads of collectors and their configuration."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Self

from django.db import models

from apps.collectors.choices import CollectorState, ConfigurationState, Level
from apps.core import generations, statements
from apps.core.jobs import JobQuerySet
from apps.devices import public_addresses
from apps.devices.models import Device
from apps.organization.models import Entity

if TYPE_CHECKING:
    from apps.collectors.models import (
        CollectionJob,  # noqa: F401  (named in a string)
        Collector,
        CollectorConfiguration,
        EnrolmentKey,
        HashEpoch,
    )
    from apps.core.scope import Scope

# In the order of the models' fields: that is how Model.from_db reads them.
COLLECTOR_FIELDS = (
    "id",
    "uid",
    "device_id",
    "token_expires_at",
    "state",
    "configuration_version",
    "configuration_digest",
    "configuration_issued_at",
    "utc_offset_minutes",
)
DEVICE_FIELDS = (
    "id",
    "uid",
    *public_addresses.COLUMNS,
    "entity_id",
    "context_id",
    "operating_system_platform",
)
ENTITY_FIELDS = ("id", "path")
COLLECTOR_END = len(COLLECTOR_FIELDS)
DEVICE_END = COLLECTOR_END + len(DEVICE_FIELDS)
ENTITY_END = DEVICE_END + len(ENTITY_FIELDS)

BY_TOKEN = statements.Statement(f"""
SELECT {", ".join(f"collector.{name}" for name in COLLECTOR_FIELDS)},
    {", ".join(f"device.{name}" for name in DEVICE_FIELDS)},
    {", ".join(f"entity.{name}" for name in ENTITY_FIELDS)},
    coalesce((SELECT value FROM core_generation WHERE name = 'configuration'), 0),
    coalesce((SELECT value FROM core_generation WHERE name = 'dimensions'), 0)
FROM collectors_collector AS collector
JOIN devices_device AS device ON device.id = collector.device_id
JOIN organization_entity AS entity ON entity.id = device.entity_id
WHERE collector.token_hash = %(token_hash)s
""")


class CollectorQuerySet(models.QuerySet["Collector"]):
    """Chainable filters."""

    def permitted_to(self, scope: Scope, action: str = "view") -> Self:
        """Keep collectors of the devices on which `scope` grants `action`."""
        if scope.is_unrestricted:
            return self.all()
        return self.filter(device__entity__in=Entity.objects.granting(scope, f"{action}_device"))

    def active(self) -> Self:
        """Keep collectors that may report."""
        return self.filter(state=CollectorState.ACTIVE)

    def silent_since(self, moment: datetime) -> Self:
        """Keep collectors whose last contact came before `moment`."""
        return self.filter(last_contact_at__lt=moment)

    def by_token(self, token_hash: bytes) -> Collector | None:
        """Return the collector of a token as `for_request` does, None where there is none.

        Other fields are deferred. Cost: 1 prepared query; built by the ORM it took as long as
        the storing of a batch.
        """
        row = BY_TOKEN.fetch_one(token_hash=token_hash)
        if row is None:
            return None
        collector: Any = self.model.from_db(self.db, COLLECTOR_FIELDS, row[:COLLECTOR_END])
        device = Device.from_db(self.db, DEVICE_FIELDS, row[COLLECTOR_END:DEVICE_END])
        device.entity = Entity.from_db(self.db, ENTITY_FIELDS, row[DEVICE_END:ENTITY_END])
        collector.device = device
        collector.configuration_generation, collector.dimension_generation = row[ENTITY_END:]
        return collector

    def for_request(self) -> Self:
        """Bring along what a request of a collector needs, generations of caches included."""
        return self.select_related("device__entity").annotate(
            configuration_generation=generations.value_of(generations.CONFIGURATION),
            dimension_generation=generations.value_of(generations.DIMENSIONS),
        )


class EnrolmentKeyQuerySet(models.QuerySet["EnrolmentKey"]):
    """Chainable filters."""

    def permitted_to(self, scope: Scope, action: str = "view") -> Self:
        """Keep keys whose devices come into an entity on which `scope` grants `action`."""
        if scope.is_unrestricted:
            return self.all()
        return self.filter(entity__in=Entity.objects.granting(scope, f"{action}_device"))


class ConfigurationQuerySet(models.QuerySet["CollectorConfiguration"]):
    """Chainable filters."""

    def permitted_to(self, scope: Scope, action: str = "view") -> Self:
        """Keep configurations of the instance, and of entities and devices in the view domain."""
        if scope.is_unrestricted:
            return self.all()
        entities = Entity.objects.granting(scope, f"{action}_device")
        return self.filter(
            models.Q(level=Level.INSTANCE)
            | models.Q(entity__in=entities)
            | models.Q(device__entity__in=entities)
        )

    def in_force(self) -> Self:
        """Keep configurations that hold now, announced ones apart whose time has just come."""
        return self.filter(state=ConfigurationState.ACTIVE)

    def waiting(self) -> Self:
        """Keep those that somebody must approve, or employees must learn of first."""
        return self.filter(state__in=[ConfigurationState.PENDING, ConfigurationState.ANNOUNCED])

    def announced(self) -> Self:
        """Keep those that are approved and wait for their time."""
        return self.filter(state=ConfigurationState.ANNOUNCED)

    def at(self, level: str, entity: Any = None, device: Any = None) -> Self:
        """Keep those of one place: the instance, an entity or a device."""
        return self.filter(level=level, entity=entity, device=device)


class CollectionJobQuerySet(JobQuerySet["CollectionJob"]):
    """Chainable filters."""

    def permitted_to(self, scope: Scope) -> Self:
        """Keep all for those who see the whole instance, else none."""
        return self.all() if scope.is_unrestricted else self.none()


class HashEpochQuerySet(models.QuerySet["HashEpoch"]):
    """Chainable filters."""

    def permitted_to(self, scope: Scope) -> Self:
        """Keep all for those who see the whole instance, else none."""
        return self.all() if scope.is_unrestricted else self.none()
