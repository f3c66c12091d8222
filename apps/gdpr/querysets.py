"""Reads of retention."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from django.db import models

if TYPE_CHECKING:
    from apps.core.scope import Scope
    from apps.gdpr.models import RetentionPolicy


class RetentionPolicyQuerySet(models.QuerySet["RetentionPolicy"]):
    """Chainable filters."""

    def permitted_to(self, scope: Scope) -> Self:
        """Keep all: terms are the instance's, and say nothing about anybody."""
        return self.all()
