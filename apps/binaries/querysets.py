"""Reads of binaries."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from django.db import models

from apps.organization.models import Entity

if TYPE_CHECKING:
    from apps.binaries.models import Binary, Presence
    from apps.core.scope import Scope


class BinaryQuerySet(models.QuerySet["Binary"]):
    """Chainable filters."""

    def permitted_to(self, scope: Scope, action: str = "view") -> Self:
        """Keep binaries that ran lately on a device on which `scope` grants `action`.

        A semi-join on their presence by entity: no event table is read.
        """
        if scope.is_unrestricted:
            return self.all()
        from apps.binaries.models import Presence

        return self.filter(pk__in=Presence.objects.permitted_to(scope, action).values("binary_id"))


class PresenceQuerySet(models.QuerySet["Presence"]):
    """Chainable filters."""

    def permitted_to(self, scope: Scope, action: str = "view") -> Self:
        """Keep presences in the entities on whose devices `scope` grants `action`."""
        if scope.is_unrestricted:
            return self.all()
        return self.filter(entity__in=Entity.objects.granting(scope, f"{action}_device"))
