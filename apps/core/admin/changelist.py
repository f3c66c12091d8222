"""What lists of the console have beyond Unfold's."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib.admin import ModelAdmin
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils.functional import Promise, cached_property
from unfold.views import ChangeList

from apps.core.admin.unranked import WITHHELD, unranked, unranked_order


@dataclass(frozen=True, slots=True)
class Chosen:
    """A filter that narrows a list, and the query string of the list without it."""

    title: str
    value: str
    without: str


class ExportedChangeList(ChangeList):
    """A list that can also be asked for all its rows, and then reads no page of them.

    Every list of ours is one: here it loses what would rank persons, whoever added it.

    grouped_by: columns by which rows of a page, or of a file, stand together.
    """

    grouped_by: Sequence[str] = ()

    def __init__(
        self,
        request: Any,
        model: type[Model],
        list_display: Sequence[Any],
        list_display_links: Sequence[Any] | None,
        list_filter: Sequence[Any],
        *rest: Any,
    ) -> None:
        model_admin = next(each for each in rest if isinstance(each, ModelAdmin))
        kept = unranked(model_admin, request.scope, list_display, list_display_links, list_filter)
        self.is_cut = kept.is_cut
        super().__init__(request, model, kept.columns, kept.links, kept.filters, *rest)

    @property
    def withheld_text(self) -> str | Promise:
        """Return why columns and filters are absent, "" where none is."""
        return WITHHELD if self.is_cut else ""

    def get_ordering(self, request: Any, queryset: QuerySet[Any]) -> list[Any]:
        """Order by nothing that would rank persons, whatever the address asks for."""
        found = super().get_ordering(request, queryset)
        return unranked_order(self.model, found, request.scope)

    def get_results(self, request: HttpRequest) -> None:
        """Read a page, unless the request is for a file."""
        if getattr(request, "dex_is_export", False):
            self.result_list, self.result_count = list[Any](), 0
        else:
            self.read_page(request)
            self.result_list = self.completed(self.result_list, request)

    def read_page(self, request: HttpRequest) -> None:
        """Read one page."""
        super().get_results(request)

    def completed(self, rows: Iterable[Any], request: Any) -> list[Any]:
        """Return rows of the page, or of a file, with what columns need and no join gives."""
        return sorted(rows, key=lambda row: [getattr(row, name) for name in self.grouped_by])

    def parts(self) -> Iterable[QuerySet[Any]]:
        """Return querysets that are all rows one after the other; nothing is run."""
        return [self.queryset]


class ScopedChangeList(ExportedChangeList):
    """A list that tells above its rows by what it is narrowed."""

    @cached_property
    def chosen(self) -> list[Chosen]:
        """Return the filters in use; a filter's first choice is all rows."""
        found = []
        for spec in self.filter_specs:
            everything, *others = spec.choices(self)
            found += [
                Chosen(str(spec.title), str(choice["display"]), everything["query_string"])
                for choice in others
                if choice["selected"]
            ]
        return found
