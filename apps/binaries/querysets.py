"""Reads of binaries and packages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from django.db import models

from apps.organization.models import Entity

if TYPE_CHECKING:
    from apps.binaries.models import Presence
    from apps.core.scope import Scope


class _PresentQuerySet(models.QuerySet[Any]):
    """Objects that are seen where they are present."""

    presence_column: str

    def permitted_to(self, scope: Scope, action: str = "view") -> Self:
        """Keep those that are present on a device on which `scope` grants `action`.

        A semi-join on their presence by entity: no event table is read, nor any device's list.
        """
        if scope.is_unrestricted:
            return self.all()
        from apps.binaries.models import Presence

        present = Presence.objects.permitted_to(scope, action)
        present = present.filter(**{f"{self.presence_column}__isnull": False})
        return self.filter(pk__in=present.values(self.presence_column))


class BinaryQuerySet(_PresentQuerySet):
    """Chainable filters: those that ran lately."""

    presence_column = "binary_id"


class PackageQuerySet(_PresentQuerySet):
    """Chainable filters: those that are installed."""

    presence_column = "package_id"


class PresenceQuerySet(models.QuerySet["Presence"]):
    """Chainable filters."""

    def permitted_to(self, scope: Scope, action: str = "view") -> Self:
        """Keep presences in the entities on whose devices `scope` grants `action`."""
        if scope.is_unrestricted:
            return self.all()
        return self.filter(entity__in=Entity.objects.granting(scope, f"{action}_device"))
