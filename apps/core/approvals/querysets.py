"""Reads of approvals."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Self

from django.db import models
from django.db.models import Q

from apps.core.approvals import kinds
from apps.core.approvals.choices import ApprovalState

if TYPE_CHECKING:
    from apps.core.approvals.models import Approval
    from apps.core.scope import Scope


class ApprovalQuerySet(models.QuerySet["Approval"]):
    """Chainable filters."""

    def permitted_to(self, scope: Scope) -> Self:
        """Keep what the caller may ask for or decide, about objects that the caller may see."""
        visible = Q(pk__in=[])
        for kind in kinds.permitted_to(scope):
            visible |= Q(kind=kind.name, object_id__in=kind.visible(scope))
        return self.filter(visible)

    def waiting(self) -> Self:
        """Keep those that nobody has decided."""
        return self.filter(state=ApprovalState.ASKED)

    def lapsed_by(self, moment: datetime) -> Self:
        """Keep those that still wait though their time is over."""
        return self.waiting().filter(lapses_at__lte=moment)
