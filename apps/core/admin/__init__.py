"""Bases of admin pages."""

from apps.core.admin.columns import shown, value_of
from apps.core.admin.confirm import ConfirmingMixin
from apps.core.admin.detail import DetailAdmin, DetailMixin, Visit
from apps.core.admin.events import EventAdmin, address_of
from apps.core.admin.filters import CompletionFilter
from apps.core.admin.scoped import ReadOnlyAdmin, ScopedAdmin
from apps.core.admin.unranked import made_of

__all__ = [
    "CompletionFilter",
    "ConfirmingMixin",
    "DetailAdmin",
    "DetailMixin",
    "EventAdmin",
    "ReadOnlyAdmin",
    "ScopedAdmin",
    "Visit",
    "address_of",
    "made_of",
    "shown",
    "value_of",
]
