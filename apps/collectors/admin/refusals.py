"""Records that were not stored: counted by device and day, nothing is dropped in silence."""

from collections.abc import Sequence
from typing import Any

from django.contrib import admin
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from apps.collectors.models import RefusalCount
from apps.collectors.words import kind_text, reason_text
from apps.core.admin import ReadOnlyAdmin, ScopedAdmin
from apps.core.admin.columns import Column
from apps.core.admin.detail import linked
from apps.core.admin.values import number_text
from apps.core.http import ScopedRequest


@admin.register(RefusalCount)
class RefusalCountAdmin(ScopedAdmin, ReadOnlyAdmin):
    """What was refused, forbidden or lost."""

    empty_text = _("Everything that devices sent was stored.")

    list_display: Sequence[Any] = ["day_text", "what", "origin", "reason", "count"]
    list_filter = ["origin", ("day", admin.DateFieldListFilter)]
    list_select_related = ["device"]
    list_display_links = None
    ordering = ["-day", "-number", "-pk"]
    sortable_by: Sequence[str] = ()
    show_full_result_count = False
    actions = None

    @display(description=_("Day"))
    def day_text(self, row: RefusalCount) -> str:
        """Return the day of the instance's zone."""
        return row.day.isoformat()

    @display(description=_("Kind"))
    def what(self, row: RefusalCount) -> Any:
        """Return what was not stored."""
        return kind_text(row.kind)

    @display(description=_("Reason"))
    def reason(self, row: RefusalCount) -> Any:
        """Return why."""
        return reason_text(row.origin, row.code)

    @display(description=_("Number"))
    def count(self, row: RefusalCount) -> str:
        """Return how many."""
        return number_text(row.number)

    def get_list_display(self, request: ScopedRequest) -> Sequence[Column]:
        """Lead from each row to its device."""
        day, *rest = super().get_list_display(request)
        return [day, linked(request.scope, _("Device"), "device"), *rest]

    def lookup_allowed(self, lookup: str, value: str, request: ScopedRequest) -> bool:
        """Allow the list of one device."""
        return lookup == "device" or super().lookup_allowed(lookup, value, request)
