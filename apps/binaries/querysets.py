"""Reads of binaries."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from django.db import models

if TYPE_CHECKING:
    from apps.binaries.models import Binary
    from apps.core.scope import Scope


class BinaryQuerySet(models.QuerySet["Binary"]):
    """Chainable filters."""

    def permitted_to(self, scope: Scope, action: str = "view") -> Self:
        """Keep binaries that ran on a device on which `scope` grants `action`."""
        if scope.is_unrestricted:
            return self.all()
        from apps.binaries.models import ExecutionDaily, ExecutionSample

        # The running day has no daily rows yet.
        days = ExecutionDaily.objects.permitted_to(scope, action).values("binary_id")
        samples = ExecutionSample.objects.permitted_to(scope, action).values("binary_id")
        return self.filter(models.Q(pk__in=days) | models.Q(pk__in=samples))
