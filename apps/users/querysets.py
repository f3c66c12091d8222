"""Reads of users."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from django.db import models

from apps.devices.models import Device

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
