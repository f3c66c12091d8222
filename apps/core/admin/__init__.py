"""Bases of admin pages."""

from apps.core.admin.columns import shown, value_of
from apps.core.admin.detail import DetailAdmin, DetailMixin, FoundAdmin, Visit
from apps.core.admin.events import EventAdmin, address_of
from apps.core.admin.scoped import ReadOnlyAdmin, ScopedAdmin

__all__ = [
    "DetailAdmin",
    "DetailMixin",
    "EventAdmin",
    "FoundAdmin",
    "ReadOnlyAdmin",
    "ScopedAdmin",
    "Visit",
    "address_of",
    "shown",
    "value_of",
]
