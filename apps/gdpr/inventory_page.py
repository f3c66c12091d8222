"""The page of the data inventory: filters, search, and the same as files."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.core.paginator import Paginator
from django.http import HttpResponse, QueryDict
from django.utils.functional import Promise
from django.utils.html import format_html, format_html_join
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.collectors.switches import BY_NAME
from apps.collectors.words import value_text
from apps.core.admin.values import Table, Text, badge, columns
from apps.core.formats import NOTHING
from apps.core.personal_data import Class
from apps.core.personal_data.classes import SUBJECTS
from apps.gdpr.data_inventory import Entry, entries, exports, origins, retentions
from apps.gdpr.data_inventory.categories import CATEGORIES
from apps.gdpr.data_inventory.entries import ERASED

PERMISSION = "gdpr.view_data_inventory"
PER_PAGE = 100
LONGEST_SEARCH = 100  # characters
FILES: Mapping[str, tuple[str, Callable[[Sequence[Entry]], str]]] = {
    "csv": ("text/csv; charset=utf-8", exports.as_csv),
    "json": ("application/json", exports.as_json),
    "html": ("text/html; charset=utf-8", exports.as_html),
}
CLASS_TONES = {
    "direct": "danger",
    "free_text": "danger",
    "pseudonym": "warning",
    "behaviour": "info",
}


@dataclass(frozen=True, slots=True)
class Filter:
    """One choice of the page. of: what of an entry it looks at, one value or several."""

    name: str
    label: str | Promise
    of: Callable[[Entry], Any]
    choices: Callable[[], Sequence[tuple[str, Any]]]

    def keeps(self, entry: Entry, wanted: str) -> bool:
        """Return whether an entry has the wanted value."""
        value = self.of(entry)
        return wanted in value if isinstance(value, tuple) else wanted == value


def _switches() -> Sequence[tuple[str, Any]]:
    names = {name for entry in entries() for name in entry.switches}
    return sorted(((name, switch_label(name)) for name in names), key=lambda found: str(found[1]))


FILTERS: tuple[Filter, ...] = (
    Filter(
        "category",
        gettext_lazy("Category"),
        lambda entry: entry.category,
        lambda: [(name, category.title) for name, category in CATEGORIES.items()],
    ),
    Filter(
        "class",
        gettext_lazy("Class"),
        lambda entry: entry.data_class,
        lambda: [(found.value, class_text(found.value)) for found in Class],
    ),
    Filter(
        "subject",
        gettext_lazy("About"),
        lambda entry: entry.subject,
        lambda: [(name, subject_text(name)) for name in SUBJECTS],
    ),
    Filter(
        "source",
        gettext_lazy("Source"),
        lambda entry: entry.source,
        lambda: [(name, source_text(name)) for name in origins.SOURCES],
    ),
    Filter("switch", gettext_lazy("Switch"), lambda entry: entry.switches, _switches),
    Filter(
        "retention",
        gettext_lazy("Retention"),
        lambda entry: entry.retention,
        lambda: [
            (name, retentions.label_of(name)) for name in sorted({e.retention for e in entries()})
        ],
    ),
)


def chosen(query: QueryDict) -> list[Entry]:
    """Return the entries that the address asks for, by category."""
    order = list(CATEGORIES)
    found = sorted(entries(), key=lambda entry: order.index(entry.category))
    for choice in FILTERS:
        if wanted := query.get(choice.name, ""):
            found = [entry for entry in found if choice.keeps(entry, wanted)]
    if query.get("narrow"):
        found = [entry for entry in found if entry.is_narrow]
    if query.get("appraisal"):
        found = [entry for entry in found if entry.is_appraisal]
    words = query.get("q", "")[:LONGEST_SEARCH].casefold().split()
    return [entry for entry in found if all(word in _searched(entry) for word in words)]


def file_of(query: QueryDict) -> HttpResponse | None:
    """Return the file that the address asks for, None where it asks for none."""
    name = query.get("format", "")
    if name not in FILES:
        return None
    content_type, write = FILES[name]
    response = HttpResponse(write(chosen(query)), content_type=content_type)
    response["Content-Disposition"] = f'attachment; filename="data-inventory.{name}"'
    return response


def context(query: QueryDict) -> dict[str, Any]:
    """Return what the page shows. Cost: no query but that of the terms."""
    page = Paginator(chosen(query), PER_PAGE).get_page(query.get("page"))
    return {
        "title": _("Data inventory"),
        "number": page.paginator.count,
        "q": query.get("q", "")[:LONGEST_SEARCH],
        "filters": [_filter(choice, query) for choice in FILTERS],
        "narrow": bool(query.get("narrow")),
        "appraisal": bool(query.get("appraisal")),
        "table": entry_table(list(page)),
        "purposes": purpose_table(),
        "page": page,
        "before": _address(query, page=page.previous_page_number()) if page.has_previous() else "",
        "after": _address(query, page=page.next_page_number()) if page.has_next() else "",
        "files": [(name.upper(), _address(query, format=name)) for name in FILES],
    }


def entry_table(found: Sequence[Entry]) -> Table:
    """Return a line an entry."""
    return Table(
        caption=_("Fields"),
        columns=columns(
            _("Field"),
            _("Meaning"),
            _("Class, about"),
            _("Source, switch"),
            _("Kept"),
            _("Hidden from level"),
            _("In retrieval"),
            _("At erasure"),
        ),
        rows=[_line(entry) for entry in found],
        empty=_("No field is as you chose."),
    )


def purpose_table() -> Table:
    """Return what each category is for."""
    return Table(
        caption=_("Purposes"),
        columns=columns(_("Category"), _("Purpose")),
        rows=[[category.title, category.purpose] for category in CATEGORIES.values()],
    )


def class_text(name: str) -> str:
    """Return a class in words."""
    words = {
        "none": _("none"),
        "pseudonym": _("pseudonym"),
        "direct": _("direct"),
        "behaviour": _("behaviour"),
        "free_text": _("free text"),
        "secret": _("secret"),
    }
    return str(words[name])


def subject_text(name: str) -> str:
    """Return about whom a field speaks, in words."""
    words = {
        "": NOTHING,
        "user": _("user"),
        "device": _("device"),
        "destination": _("destination"),
        "account": _("account"),
    }
    return str(words[name])


def switch_label(name: str) -> Text:
    """Return what people call a switch; a connector's own is no switch of collectors."""
    return BY_NAME[name].label if name in BY_NAME else _("Directory")


def switch_value(name: str) -> Text:
    """Return the value of a switch as shipped, in words."""
    return value_text(name, origins.standard_value(name))


def source_text(name: str) -> str:
    """Return who tells a field, in words."""
    words = {
        "collector": _("collector"),
        "connector": _("connector"),
        "server": _("server"),
        "administrator": _("administrator"),
    }
    return str(words[name])


def _line(entry: Entry) -> list[Any]:
    about = [subject_text(entry.subject)] if entry.subject else []
    about += [_("narrow")] if entry.is_narrow else []
    about += [_("appraisal")] if entry.is_appraisal else []
    switches = [f"{switch_label(name)}: {switch_value(name)}" for name in entry.switches]
    return [
        format_html("<code>{}</code>{}", entry.field, _small(_place(entry))),
        _meaning(entry),
        format_html(
            "{}{}",
            badge(class_text(entry.data_class), CLASS_TONES.get(entry.data_class, "")),
            _small(", ".join(about)),
        ),
        format_html("{}{}", source_text(entry.source), _small(", ".join(switches))),
        _term(entry.retention),
        exports.level_text(entry.hidden_from),
        _retrieval_text(entry.retrieval),
        NOTHING if entry.erasure == "none" else ERASED[entry.erasure],
    ]


def _retrieval_text(name: str) -> str:
    words = {"user": _("yes"), "device": _("yes, of one person's device"), "": _("no")}
    return str(words[name])


def _place(entry: Entry) -> str:
    """Return the table, and how queries name the field."""
    table = capfirst(entry.model._meta.verbose_name_plural)
    asked = format_html_join("", " <code>{}</code>", ((path,) for path in entry.paths))
    return format_html("{}{}", table, asked)


def _meaning(entry: Entry) -> str:
    """Return what a field says, a dash where that is its name over again."""
    is_its_name = entry.meaning.casefold().replace(" ", "_") in (entry.field, *entry.columns)
    return NOTHING if is_its_name else entry.meaning


def _term(retention_class: str) -> str:
    """Return the term, with the name of its class where it has one."""
    label, text = retentions.label_of(retention_class), retentions.text_of(retention_class)
    return format_html("{}{}", text, _small(label if label != text else ""))


def _small(text: str) -> str:
    return format_html("<br><small>{}</small>", text) if text else ""


def _searched(entry: Entry) -> str:
    words = [entry.table, *entry.columns, *entry.paths, entry.field, entry.meaning]
    return " ".join([*words, str(entry.model._meta.verbose_name_plural)]).casefold()


def _filter(choice: Filter, query: QueryDict) -> dict[str, Any]:
    wanted = query.get(choice.name, "")
    return {
        "name": choice.name,
        "label": choice.label,
        "options": [(value, text, value == wanted) for value, text in choice.choices()],
    }


def _address(query: QueryDict, **changes: Any) -> str:
    """Return the query string with some parameters changed."""
    changed = query.copy()
    changed.pop("page", None)
    for name, value in changes.items():
        changed[name] = str(value)
    return f"?{changed.urlencode()}"
