"""Reads of devices that more than one caller needs."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Self

from django.db import models
from django.db.models import Exists, F, OuterRef

from apps.core import clock
from apps.events import retention
from apps.organization.models import Entity

if TYPE_CHECKING:
    from apps.core.scope import Scope
    from apps.devices.models import Device, FleetNow

SILENT = timedelta(days=7)
RUNNING_LONG = timedelta(days=30)
NEARLY_FULL = 0.15  # share of the system drive that is left
WORN_BATTERY = 0.8  # share of its first capacity


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

    def waiting_for_restart(self) -> Self:
        """Keep devices whose system waits for a restart."""
        return self.filter(operating_system_is_restart_pending=True)

    def running_long(self, now: datetime) -> Self:
        """Keep devices whose last full boot lies over 30 days back."""
        return self.filter(boot_last_full_boot_time_at__lt=now - RUNNING_LONG)

    def with_worn_battery(self) -> Self:
        """Keep devices whose batteries hold less than 80 % of what they did."""
        return self.filter(battery_health_ratio__lt=WORN_BATTERY)

    def nearly_full(self) -> Self:
        """Keep devices whose system drive has less than 15 % left."""
        limit = F("size_bytes") * NEARLY_FULL
        return self._having("volumes", is_system=True, free_space_bytes__lt=limit)

    def unencrypted(self) -> Self:
        """Keep devices whose system drive is known not to be encrypted."""
        return self._having("volumes", is_system=True, is_encrypted=False)

    def with_failing_disk(self) -> Self:
        """Keep devices of which a disk says that it fails or soon will."""
        return self._having("disks", health__in=["warning", "failing"])

    def without_antivirus(self) -> Self:
        """Keep devices that have an antivirus, of which none is at work."""
        off, on = ({"real_time_protection": word} for word in ("disabled", "enabled"))
        return self._having("antiviruses", **off).exclude(self._one_of("antiviruses", **on))

    def without_firewall(self) -> Self:
        """Keep devices of which a firewall is off, or off in part."""
        words = ["disabled", "partially_enabled"]
        return self._having("firewalls", real_time_protection__in=words)

    def _having(self, name: str, **conditions: Any) -> Self:
        return self.filter(self._one_of(name, **conditions))

    def _one_of(self, name: str, **conditions: Any) -> Exists:
        """Return the condition that an item of the list `name` fulfils; a join would repeat rows."""
        model: Any = self.model._meta.get_field(name).related_model
        return Exists(model.objects.filter(device_id=OuterRef("pk"), **conditions))


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


class FleetNowQuerySet(models.QuerySet["FleetNow"]):
    """Chainable filters."""

    def permitted_to(self, scope: Scope, action: str = "view") -> Self:
        """Keep the numbers of entities on which `scope` grants `action`."""
        if scope.is_unrestricted:
            return self.all()
        return self.filter(entity__in=Entity.objects.granting(scope, f"{action}_device"))
