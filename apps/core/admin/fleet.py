"""Lists whose rows hold figures of the whole fleet, for callers who see a part of it."""

from collections.abc import Iterable, Sequence
from typing import Any

from django.contrib.admin import display
from unfold.views import ChangeList

from apps.core.admin.changelist import ScopedChangeList
from apps.core.admin.columns import Column
from apps.core.admin.scoped import ScopedAdmin, filter_path
from apps.core.http import ScopedRequest
from apps.core.scope import Scope


class OwnFiguresChangeList(ScopedChangeList):
    """A list that shows a limited scope the figures of its own devices."""

    def completed(self, rows: Iterable[Any], request: Any) -> list[Any]:
        """Return the rows with figures of the caller's devices. Cost: what `own_figures` says."""
        found = super().completed(rows, request)
        if found and not request.scope.is_unrestricted:
            self.model_admin.own_figures(found, request.scope)
        return found


class FleetMixin(ScopedAdmin):
    """Sorts and filters by figures of the whole fleet for those alone who see all of it.

    A sort or a filter would tell what happened on devices outside the view domain; one by figures
    of the caller's devices would read them for every row.

    fleet_fields: the fields that are figures of all devices.
    """

    fleet_fields: frozenset[str] = frozenset()

    def own_figures(self, rows: Sequence[Any], scope: Scope) -> None:
        """Replace the figures of the whole fleet, in memory, by those of the caller's devices."""
        raise NotImplementedError

    def get_changelist(self, request: ScopedRequest, **kwargs: Any) -> type[ChangeList]:
        """Return a list with figures of the caller's devices."""
        return OwnFiguresChangeList

    def get_list_display(self, request: ScopedRequest) -> Sequence[Column]:
        """Let nobody sort by the fleet who sees a part of it."""
        columns = super().get_list_display(request)
        if request.scope.is_unrestricted:
            return columns
        return [self._unsorted(column) for column in columns]

    def get_list_filter(self, request: ScopedRequest) -> Sequence[Any]:
        """Filter by no figure of the whole fleet."""
        entries = super().get_list_filter(request)
        return [entry for entry in entries if not self._is_denied(filter_path(entry), request)]

    def get_ordering(self, request: ScopedRequest) -> Sequence[Any]:
        """Order by no figure of the whole fleet."""
        names = super().get_ordering(request)
        return [name for name in names if not self._is_denied(name.lstrip("-"), request)]

    def lookup_allowed(self, lookup: str, value: str, request: ScopedRequest) -> bool:
        """Refuse an address that filters by a figure of the whole fleet."""
        is_denied = self._is_denied(lookup.split("__")[0], request)
        return not is_denied and super().lookup_allowed(lookup, value, request)

    def _is_denied(self, name: str, request: ScopedRequest) -> bool:
        return name in self.fleet_fields and not request.scope.is_unrestricted

    def _unsorted(self, column: Column) -> Column:
        """Return a column without its order, if that is one by the fleet."""
        draw: Any = getattr(self, column, None) if isinstance(column, str) else column
        if getattr(draw, "admin_order_field", None) not in self.fleet_fields:
            return column

        @display(description=draw.short_description)
        def unsorted(row: Any) -> Any:
            return draw(row)

        unsorted.__name__ = draw.__name__
        return unsorted
