"""The inventory as files: CSV, JSON, HTML; they hold no data of anybody."""

import csv
import io
import json
from collections.abc import Iterable
from typing import Any

from django.template.loader import render_to_string
from django.utils.translation import gettext as _

from apps.core.admin.values import Column, Table
from apps.core.personal_data import PrivacyLevel
from apps.gdpr.data_inventory import origins, retentions
from apps.gdpr.data_inventory.categories import CATEGORIES
from apps.gdpr.data_inventory.entries import ERASED, Entry

FORMULA = ("=", "+", "-", "@", "\t", "\r")  # what a spreadsheet would compute
MEMBERS = (
    "table",
    "field",
    "columns",
    "asked_as",
    "type",
    "unit",
    "meaning",
    "category",
    "purpose",
    "class",
    "narrow",
    "appraisal",
    "subject",
    "source",
    "switches",
    "retention",
    "term",
    "hidden_from_level",
    "in_retrieval",
    "at_erasure",
)


def as_dict(entry: Entry) -> dict[str, Any]:
    """Return an entry with every column of the inventory, words in the language under way."""
    category = CATEGORIES[entry.category]
    values = (
        entry.table,
        entry.field,
        list(entry.columns),
        list(entry.paths),
        entry.type,
        entry.unit,
        entry.meaning,
        str(category.title),
        str(category.purpose),
        entry.data_class,
        entry.is_narrow,
        entry.is_appraisal,
        entry.subject,
        entry.source,
        [f"{name} ({origins.standard_value(name)})" for name in entry.switches],
        entry.retention,
        retentions.text_of(entry.retention),
        entry.hidden_from,
        entry.retrieval,
        str(ERASED[entry.erasure]),
    )
    return dict(zip(MEMBERS, values, strict=True))


def as_json(found: Iterable[Entry]) -> str:
    """Return a list of objects."""
    return json.dumps([as_dict(entry) for entry in found], indent=1, ensure_ascii=False)


def as_csv(found: Iterable[Entry]) -> str:
    """Return a line an entry; no cell is a formula."""
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow(MEMBERS)
    for entry in found:
        writer.writerow([_cell(value) for value in as_dict(entry).values()])
    return file.getvalue()


def as_html(found: Iterable[Entry]) -> str:
    """Return a page that stands by itself."""
    table = Table(
        caption=_("Data inventory"),
        columns=[Column(name) for name in MEMBERS],
        rows=[[_text(value) for value in as_dict(entry).values()] for entry in found],
    )
    return render_to_string("gdpr/data_inventory.html", {"table": table})


def level_text(level: int | None) -> str:
    """Return from which privacy level on a field is hidden, in words."""
    if level is None:
        return _("no")
    return str(PrivacyLevel(level).label) if level else _("always")


def _cell(value: Any) -> str:
    text = _text(value)
    return f"'{text}" if text.startswith(FORMULA) else text


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "; ".join(value) if isinstance(value, list) else str(value)
