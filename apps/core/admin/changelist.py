"""What lists of the console have beyond Unfold's."""

from dataclasses import dataclass

from django.utils.functional import cached_property
from unfold.views import ChangeList


@dataclass(frozen=True, slots=True)
class Chosen:
    """A filter that narrows a list, and the query string of the list without it."""

    title: str
    value: str
    without: str


class ScopedChangeList(ChangeList):
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
