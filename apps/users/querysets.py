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

    def seen_since(self, moment: datetime, scope: Scope) -> Self:
        """Keep users of whom data came from a device of the view domain at `moment` or later."""
        if scope.is_unrestricted:
            return self.filter(last_seen_at__gte=moment)
        return self.filter(_used_since(moment, scope))

    def silent_since(self, moment: datetime, scope: Scope) -> Self:
        """Keep users whose last data from a device of the view domain came before `moment`."""
        if scope.is_unrestricted:
            return self.filter(last_seen_at__lt=moment)
        return self.filter(~_used_since(moment, scope))


def _used_since(moment: datetime, scope: Scope) -> models.Exists:
    from apps.users.models import UserDevice

    devices = Device.objects.permitted_to(scope)
    links = UserDevice.objects.filter(user=models.OuterRef("pk"), last_used_at__gte=moment)
    return models.Exists(links.filter(device__in=devices))


class SessionQuerySet(DeviceEventQuerySet):
    """Chainable filters."""

    def open(self) -> Self:
        """Keep sessions that nobody has ended."""
        return self.filter(end_time_at__isnull=True)

    def ended_before(self, moment: datetime) -> Self:
        """Keep sessions that ended before `moment`: their retention counts from the end."""
        return self.filter(end_time_at__lt=moment)
