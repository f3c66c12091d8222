"""Reads of devices that more than one caller needs."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Self

from django.db import models

from apps.core import clock
from apps.events import retention
from apps.organization.models import Entity

if TYPE_CHECKING:
    from apps.core.scope import Scope
    from apps.devices.models import Device


class DeviceQuerySet(models.QuerySet["Device"]):
    """Chainable filters."""

    def permitted_to(self, scope: Scope, action: str = "view") -> Self:
        """Keep devices of the entities on which `scope` grants `action`."""
        if scope.is_unrestricted:
            return self.all()
        # A subquery on the tree's paths, never a list of ids. One guardian row per entity and
        # profile instead of one per device: a device that enrols or moves is covered at once.
        return self.filter(entity__in=Entity.objects.granting(scope, f"{action}_device"))

    def silent_since(self, moment: datetime) -> Self:
        """Keep devices whose last data came before `moment`."""
        return self.filter(last_seen_at__lt=moment)


class DeviceEventQuerySet(models.QuerySet[Any]):
    """Rows that hang on a device: visible as the device is now (a move takes its past along)."""

    def permitted_to(self, scope: Scope, action: str = "view") -> Self:
        """Keep rows of the devices on which `scope` grants `action`, those past their term apart."""
        rows = self.kept()
        if scope.is_unrestricted:
            return rows
        entities = Entity.objects.granting(scope, f"{action}_device")
        return rows.filter(device__entity__in=entities)

    def kept(self) -> Self:
        """Leave out rows past their term, whose partition has not gone yet."""
        known = retention.ageing_of(self.model)
        if known is None:
            return self.all()
        oldest = retention.oldest_kept(known.retention, clock.now())
        is_kept = models.Q(**{f"{known.column}__gte": oldest})
        if self.model._meta.get_field(known.column).null:  # never asked of a partitioned table
            is_kept |= models.Q(**{f"{known.column}__isnull": True})
        return self.filter(is_kept)
