"""Lists and tables without what would rank persons, where the instance refuses that.

The rule is one about columns (privacy.md 4): a list with a row for each person or device has none
made of a field marked `appraisal`, sorted or not, and is not filtered or sorted by one.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from django.contrib import admin
from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.core.admin.columns import Column
from apps.core.admin.values import Table
from apps.core.personal_data import registry
from apps.core.scope import Scope

WITHHELD = _(
    "This instance refuses to rank persons, so columns and filters that would tell who worked when "
    "and how much are left out."
)

Drawn = TypeVar("Drawn", bound=Callable[..., Any])


def made_of(*fields: str) -> Callable[[Drawn], Drawn]:
    """Say which fields of the row a column of a list reads, where its name does not.

    Filters of our own say so by an attribute of the same name.
    """

    def marked(draw: Drawn) -> Drawn:
        draw.made_of = fields  # type: ignore[attr-defined]
        return draw

    return marked


@dataclass(frozen=True, slots=True)
class Unranked:
    """What a list may show. is_cut: something was left out."""

    columns: Sequence[Column]
    links: Sequence[Column] | None
    filters: Sequence[Any]
    is_cut: bool


def unranked(
    model_admin: Any,
    scope: Scope,
    columns: Sequence[Column],
    links: Sequence[Column] | None,
    filters: Sequence[Any],
) -> Unranked:
    """Return the columns, links and filters of a list that rank nobody, or all where they may.

    A list that loses the column by which its rows are opened gets another. Cost: as
    `Scope.may_list`.
    """
    model = model_admin.model

    def may_stay(entry: Any) -> bool:
        return _may_list(model, fields_of(model_admin, entry), scope)

    kept = [column for column in columns if may_stay(column)]
    kept_links = [column for column in links or () if column in kept]
    kept_filters = [entry for entry in filters if may_stay(entry)]
    is_cut = len(kept) < len(columns) or len(kept_filters) < len(filters)
    if len(kept) < len(columns) and not kept_links:
        kept, kept_links = [opened, *kept], [opened]
    return Unranked(kept, kept_links if is_cut else links, kept_filters, is_cut)


def unranked_order(model: type[models.Model], names: Iterable[Any], scope: Scope) -> list[Any]:
    """Return an order without fields that would rank persons; the newest row first for none.

    What is left would often tell the same: rows are numbered as they come. So they stand by device.
    """
    wanted = list(names)
    kept = [name for name in wanted if _may_list(model, _ordered_by(name), scope)]
    return [*([] if kept == wanted else grouping(model)), *kept] or ["-pk"]


def grouping(model: type[models.Model]) -> list[str]:
    """Return the column by which rows of one device stand together, none where a table has none."""
    known = registry.classification(model)
    column = known.keys.get("device") if known else None
    return [column] if column and column != model._meta.pk.name else []


def unranked_table(
    table: Table, scope: Scope, model: type[models.Model], made_of: Mapping[int, str]
) -> Table:
    """Return a table with a row for each person or device without what would rank them.

    made_of: the field of `model` that a column shows, by the column's place.
    """
    places = {place for place, name in made_of.items() if not scope.may_list(model, name)}
    if not places:
        return table

    def cut(cells: Sequence[Any]) -> list[Any]:
        return [cell for place, cell in enumerate(cells) if place not in places]

    rows = [cut(row) for row in table.rows]
    return replace(table, columns=cut(table.columns), rows=rows, note=WITHHELD)


def fields_of(model_admin: Any, entry: Any) -> list[str]:
    """Return the fields that a column or a filter is made of, as far as it says so."""
    first = entry[0] if isinstance(entry, list | tuple) else entry
    draw = getattr(model_admin, first, None) if isinstance(first, str) else first
    order = getattr(draw, "admin_order_field", None)
    names = [first if isinstance(first, str) else getattr(draw, "__name__", "")]
    return [*names, *(_ordered_by(order) if order else []), *getattr(draw, "made_of", ())]


@admin.display(description=_("Row"))
def opened(row: models.Model) -> str:
    """Return the way to the page of a row."""
    return str(_("Open"))


def _may_list(model: type[models.Model], names: Iterable[str], scope: Scope) -> bool:
    return all(scope.may_list(model, name) for name in names)


def _ordered_by(entry: Any) -> list[str]:
    """Return the fields of an entry of an order: a name, or an expression over some."""
    if isinstance(entry, str):
        return [entry.lstrip("-")]
    parts = entry.flatten() if hasattr(entry, "flatten") else [entry]
    return [str(vars(part)["name"]) for part in parts if isinstance(part, models.F)]
