"""Reads of collectors and their configuration."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Self

from django.db import models
from django.db.models import Subquery
from django.db.models.functions import Coalesce

from apps.collectors.choices import CollectorState, ConfigurationState, Level
from apps.core.models import Generation
from apps.organization.models import Entity

if TYPE_CHECKING:
    from apps.collectors.models import Collector, CollectorConfiguration, EnrolmentKey
    from apps.core.scope import Scope


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

    def for_request(self) -> Self:
        """Bring along what a request of a collector needs, generations of caches included."""
        return self.select_related("device__entity").annotate(
            configuration_generation=_generation("configuration"),
            dimension_generation=_generation("dimensions"),
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
        """Keep configurations that hold now."""
        return self.filter(state=ConfigurationState.ACTIVE)


def _generation(name: str) -> Any:
    value = Generation.objects.filter(name=name).values("value")[:1]
    return Coalesce(Subquery(value), 0, output_field=models.BigIntegerField())
