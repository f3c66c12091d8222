"""Reads of users and of their sessions."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Self

from django.db import models

from apps.devices.models import Device
from apps.devices.querysets import DeviceEventQuerySet

if TYPE_CHECKING:
    from apps.core.scope import Scope
    from apps.users.models import User


class UserQuerySet(models.QuerySet["User"]):
    """Chainable filters."""

    def permitted_to(self, scope: Scope, action: str = "view") -> Self:
        """Keep users who used a device on which `scope` grants `action`."""
        if scope.is_unrestricted:
            return self.all()
        from apps.users.models import UserDevice

        devices = Device.objects.permitted_to(scope, action)
        links = UserDevice.objects.filter(user=models.OuterRef("pk"), device__in=devices)
        return self.filter(models.Exists(links))

    def silent_since(self, moment: datetime) -> Self:
        """Keep users whose last data came before `moment`."""
        return self.filter(last_seen_at__lt=moment)


class SessionQuerySet(DeviceEventQuerySet):
    """Chainable filters."""

    def open(self) -> Self:
        """Keep sessions that nobody has ended."""
        return self.filter(end_time_at__isnull=True)

    def ended_before(self, moment: datetime) -> Self:
        """Keep sessions that ended before `moment`: their retention counts from the end."""
        return self.filter(end_time_at__lt=moment)
