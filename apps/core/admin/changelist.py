"""What lists of the console have beyond Unfold's."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.functional import cached_property
from unfold.views import ChangeList


@dataclass(frozen=True, slots=True)
class Chosen:
    """A filter that narrows a list, and the query string of the list without it."""

    title: str
    value: str
    without: str


class ExportedChangeList(ChangeList):
    """A list that can also be asked for all its rows, and then reads no page of them."""

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
        return list(rows)

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
