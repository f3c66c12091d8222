"""Pages of long lists that cost the same wherever they lie."""

from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import QuerySet

FAR_ROWS = 1_000  # from here on the rows before a page are passed over by their keys alone


class EndsPaginator(Paginator):
    """Fetches a page from the nearer end; one far from both ends in two steps.

    The database walks over every row before a page. Past the middle it walks from the end, in the
    reverse order; far from both ends it walks over keys, without joins, and reads the page's own
    rows by key. The order of the rows must be total, which Django's ChangeList sees to.
    """

    def page(self, number: Any) -> Page[Any]:
        """Return a page, its rows read. Cost: 1 query, 2 in the midst of a long list."""
        rows = self.object_list
        if not isinstance(rows, QuerySet) or not rows.ordered:
            plain: Page[Any] = super().page(number)
            return plain
        number = self.validate_number(number)
        first = (number - 1) * self.per_page
        last = first + self.per_page
        if last + self.orphans >= self.count:
            last = self.count
        return Page(rows_between(rows, first, last, self.count), number, self)


def rows_between(rows: QuerySet[Any], first: int, last: int, count: int) -> list[Any]:
    """Return rows[first:last] of an ordered queryset that has `count` rows."""
    before, after = first, count - last
    if min(before, after) < FAR_ROWS:
        return _walked(rows, first, last, count)
    keys = _walked(rows.values_list("pk", flat=True), first, last, count)
    found = rows.in_bulk(keys)
    return [found[key] for key in keys if key in found]  # one may have gone in between


def _walked(rows: QuerySet[Any], first: int, last: int, count: int) -> list[Any]:
    """Return the same, by the way from the nearer end."""
    if first <= count - last:
        return list(rows[first:last])
    return list(rows.reverse()[count - last : count - first])[::-1]
