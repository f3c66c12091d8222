"""Lists as CSV files: the rows and columns of a page, with values as programs read them."""

import csv
import html
import io
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.utils import label_for_field, lookup_field
from django.contrib.admin.views.main import ALL_VAR, ERROR_FLAG, PAGE_VAR
from django.core.exceptions import ObjectDoesNotExist, PermissionDenied
from django.db import models
from django.http import (
    HttpResponseBase,
    HttpResponseNotAllowed,
    HttpResponseRedirect,
    StreamingHttpResponse,
)
from django.urls import URLPattern, path, reverse
from django.utils import translation
from django.utils.html import strip_tags
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from unfold.admin import ModelAdmin

from apps.core import clock, limits, pages
from apps.core.admin import reads
from apps.core.admin.changelist import ExportedChangeList
from apps.core.admin.columns import Column, value_of
from apps.core.admin.reads import Subject
from apps.core.formats import NOTHING, machine_form, machine_text

# Of one file. Rights are asked for once a file: access.md 3 wants them again after 50,000 rows.
ROWS_MOST = 50_000
CHUNK_ROWS = 500  # read and written at once
LIMIT = "console.export"
CHECKBOX = "action_checkbox"
PLACES = (PAGE_VAR, ALL_VAR, ERROR_FLAG, "after")  # of a page within the list

# What makes a spreadsheet take a text for a formula; source: OWASP, CSV injection. The last four
# are the wide forms that spreadsheets of East Asia read alike.
_FORMULA = tuple("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20")
_NUMBER = re.compile(r"-?\d+(\.\d+)?(e[+-]?\d+)?")


@dataclass(frozen=True, slots=True)
class ExportButton:
    """The way from a list to its file. is_cut: the list is known to have more rows than a file."""

    url: str
    most: int
    is_cut: bool


@dataclass(frozen=True, slots=True)
class Picked:
    """The keys of the rows of a file, in order; whom they show; whether the list has more."""

    keys: Sequence[tuple[Any, ...]]
    subjects: frozenset[Subject]
    is_cut: bool


class ExportMixin(ModelAdmin):
    """Gives the list as a file to whoever may view it.

    export_permission: what is needed beyond viewing, such as "audit.export_auditevent".
    """

    export_permission = ""

    def has_export_permission(self, request: Any) -> bool:
        """Return whether the caller may have the list as a file."""
        needed = self.export_permission
        is_granted = not needed or needed in request.scope.permissions
        return is_granted and bool(self.has_view_permission(request))

    def get_urls(self) -> list[URLPattern]:
        """Add the file."""
        view = self.admin_site.admin_view(self.export_view)
        return [path("csv/", view, name=self._url_name("csv")), *super().get_urls()]

    def export_button(self, request: Any, changelist: Any) -> ExportButton | None:
        """Return the way to the file of a list as it is shown, None for who may not have it."""
        if changelist.is_popup or not self.has_export_permission(request):
            return None
        address = reverse(f"admin:{self._url_name('csv')}", current_app=self.admin_site.name)
        query = changelist.get_query_string(remove=PLACES)
        return ExportButton(address + query, ROWS_MOST, changelist.result_count > ROWS_MOST)

    def export_view(self, request: Any) -> HttpResponseBase:
        """Answer the file, recorded before its first row leaves.

        Cost: 1 query for the keys of all rows (one a slice of time for events), 1 for the record,
        then 1 a chunk and what its columns need.
        """
        if request.method != "GET":
            return HttpResponseNotAllowed(["GET"])
        if not self.has_export_permission(request):
            raise PermissionDenied
        wait = limits.hit(LIMIT, str(request.scope.account_id))
        if wait is not None:
            return pages.too_many_requests(request, wait)
        request.dex_is_export = True
        try:
            changelist = self.get_changelist_instance(request)
        except IncorrectLookupParameters:  # the list says so
            return HttpResponseRedirect(f"../?{ERROR_FLAG}=1")
        picked = pick(changelist, request)
        reads.record(request, reads.of_export(self.model, picked.subjects, picked.keys, request))
        if picked.is_cut:
            self.message_user(request, cut_text(), messages.WARNING)
        return self._file(request, changelist, picked)

    def _file(self, request: Any, changelist: Any, picked: Picked) -> HttpResponseBase:
        columns = [name for name in changelist.list_display if name != CHECKBOX]
        title = f"{self.opts.app_label}_{self.opts.model_name}_{clock.now():%Y-%m-%d}.csv"
        lines = Lines(self, request, columns, translation.get_language() or "en")
        return StreamingHttpResponse(
            lines.of(changelist, picked),
            content_type="text/csv; charset=utf-8",
            headers={"Content-Disposition": f'attachment; filename="{title}"'},
        )

    def _url_name(self, page: str) -> str:
        return f"{self.opts.app_label}_{self.opts.model_name}_{page}"


@dataclass(frozen=True, slots=True)
class Lines:
    """Writes rows as lines of CSV, RFC 4180, in the reader's language.

    The language is named: when the lines are asked for, that of the request is over.
    """

    admin: Any
    request: Any
    columns: Sequence[Column]
    language: str

    def of(self, changelist: ExportedChangeList, picked: Picked) -> Iterator[str]:
        """Yield the heads, chunks of lines, and what was left out. Cost: 1 query a chunk."""
        yield self._written(lambda: [self._heads()])
        for first in range(0, len(picked.keys), CHUNK_ROWS):
            keys = picked.keys[first : first + CHUNK_ROWS]
            yield self._written(lambda keys=keys: self._lines(changelist, keys))  # type: ignore[misc]
        if picked.is_cut:
            yield self._written(lambda: [[cut_text()]])

    def _written(self, lines: Callable[[], Iterable[Iterable[str]]]) -> str:
        text = io.StringIO()
        with translation.override(self.language), machine_form():
            csv.writer(text).writerows(map(safe, line) for line in lines())
        return text.getvalue()

    def _heads(self) -> list[str]:
        model = self.admin.model
        heads = [label_for_field(column, model, self.admin) for column in self.columns]
        return [capfirst(str(head)) for head in heads]

    def _lines(self, changelist: ExportedChangeList, keys: Sequence[Any]) -> Iterator[list[str]]:
        rows = changelist.completed(chunk(changelist.queryset, keys), self.request)
        return map(self._cells, rows)

    def _cells(self, row: models.Model) -> list[str]:
        return [self._cell(row, column) for column in self.columns]

    def _cell(self, row: models.Model, column: Column) -> str:
        """Return a value as the page shows it to the caller, for programs."""
        if column == "__str__":
            return str(self.request.scope.label(row))
        try:
            field, attribute, value = lookup_field(column, row, self.admin)
        except ObjectDoesNotExist:
            return ""
        if field is not None and attribute is None:
            value = value_of(row, str(column), self.request.scope)
        return plain(value)


def pick(changelist: ExportedChangeList, request: Any) -> Picked:
    """Return the keys of the rows of a list, as many as a file may have. Cost: 1 query a part."""
    kinds = reads.subject_columns(changelist.model, request)
    key, groups = key_columns(changelist.model), changelist.grouped_by
    found: list[tuple[Any, ...]] = []
    for part in changelist.parts():
        found += part.values_list(*key, *kinds.values(), *groups)[: ROWS_MOST + 1 - len(found)]
        if len(found) > ROWS_MOST:
            break
    grouped = len(key) + len(kinds)
    shown = sorted(found[:ROWS_MOST], key=lambda row: row[grouped:])
    subjects = {
        (kind, row[len(key) + place])
        for row in shown
        for place, kind in enumerate(kinds)
        if row[len(key) + place]  # 0: no device matched
    }
    return Picked([row[: len(key)] for row in shown], frozenset(subjects), len(found) > ROWS_MOST)


def chunk(rows: models.QuerySet[Any], keys: Sequence[tuple[Any, ...]]) -> list[models.Model]:
    """Return the rows of some keys, in their order; some may have gone in between.

    They are asked for through the list's own queryset, so that no row that left the caller's
    domain comes along. Cost: 1 query.
    """
    names = key_columns(rows.model)
    rows = rows.order_by().filter(pk__in=[key[0] for key in keys])
    for name in names[1:]:  # the time of events: only its partitions are read
        times = [key[1] for key in keys]
        rows = rows.filter(**{f"{name}__gte": min(times), f"{name}__lte": max(times)})
    found = {tuple(getattr(row, name) for name in names): row for row in rows}
    return [found[key] for key in keys if key in found]


def key_columns(model: type[models.Model]) -> list[str]:
    """Return the columns that name a row: its key, and the time of an event."""
    time = getattr(model, "TIME_FIELD", None)
    return ["pk", time] if time else ["pk"]


def plain(value: Any) -> str:
    """Return a value of a column without markup; "" for the dash that a page shows for none."""
    if isinstance(value, tuple):  # a label of Unfold: its tone, then its words
        value = value[-1]
    if isinstance(value, list):
        return ", ".join(plain(part) for part in value)
    text = machine_text(value)
    if hasattr(text, "__html__"):
        text = html.unescape(strip_tags(text))
    return "" if text == NOTHING else text


def safe(cell: str) -> str:
    """Return a cell that no spreadsheet takes for a formula; numbers stay as they are."""
    if cell.startswith(_FORMULA) and not _NUMBER.fullmatch(cell):
        return f"'{cell}"
    return cell


def cut_text() -> str:
    """Return what is said of a list that has more rows than a file."""
    text = _("Cut after %(rows)d rows: the list has more. Narrow it by its filters for the rest.")
    return text % {"rows": ROWS_MOST}
