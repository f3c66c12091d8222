"""Reads of the audit log."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Self

from django.db import models

if TYPE_CHECKING:
    from apps.core.scope import Scope


class RecordQuerySet(models.QuerySet[Any]):
    """Chainable filters."""

    def permitted_to(self, scope: Scope) -> Self:
        """Keep everything for those who may read the log, nothing for others."""
        permission = f"audit.view_{self.model._meta.model_name}"
        return self.all() if permission in scope.permissions else self.none()

    def since(self, moment: datetime) -> Self:
        """Keep rows from `moment` on."""
        return self.filter(at__gte=moment)
