"""The papers made from the models: docs/data-model.md and docs/retention.md, in English."""

from collections.abc import Callable, Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

from django.utils import translation
from django.utils.text import capfirst

from apps.core.personal_data import registry
from apps.gdpr.data_inventory import origins, retentions
from apps.gdpr.data_inventory.categories import CATEGORIES, category_of
from apps.gdpr.data_inventory.entries import Entry, entries_of
from apps.gdpr.rules import RULES, range_text, term_text
from apps.nql import catalog

DOCS = Path(__file__).parents[3] / "docs"
MADE = "<!-- Made by `manage.py data_inventory --write-docs`; do not edit. -->"


def write() -> list[Path]:
    """Write the papers; return those that changed."""
    return [path for path, text in made().items() if _write(path, text)]


def stale() -> list[Path]:
    """Return the papers that do not say what the models say."""
    return [path for path, text in made().items() if not path.exists() or path.read_text() != text]


def made() -> dict[Path, str]:
    """Return the text of each paper."""
    with translation.override("en"):
        papers: dict[str, Callable[[], Iterator[str]]] = {
            "data-model.md": data_model,
            "retention.md": retention,
        }
        return {DOCS / name: "\n".join(lines()) + "\n" for name, lines in papers.items()}


def data_model() -> Iterator[str]:
    """Yield the lines of the paper about tables and fields."""
    yield from ("# Data model", "", MADE, "")
    yield "What is stored, under which name it can be asked, what it says about a person, whether it is"
    yield "collected as shipped, and how long it lives. *Default*: as shipped, a switch with its value."
    yield "*Class*: `apps/core/personal_data/classes.py`; after the slash about whom. Of a metric, whose"
    yield "columns end in `_sum`, `_count`, `_min` and `_max`, the name before that stands."
    models = sorted(registry.own_models(), key=_order)
    for name, group in groupby(models, key=lambda model: category_of(model).name):
        category = CATEGORIES[name]
        yield from ("", f"## {category.title}", "", f"{category.purpose}")
        for model in group:
            yield from _table(model)


def retention() -> Iterator[str]:
    """Yield the lines of the paper about terms."""
    yield from ("# Retention", "", MADE, "")
    yield "How long each class of rows is kept as shipped, within which limits it may be changed, and what is"
    yield "left. A row past its term is hidden at once, and removed by the next run of its task. An"
    yield "administrator changes the terms on the page *Retention*; a shorter one holds after 24 hours."
    yield from (
        "",
        "| class | holds | shipped | allowed | not longer than | what is left |",
        _rule(6),
    )
    for rule in RULES.values():
        bound = f"`{rule.within}`" if rule.within else ""
        cells = [f"`{rule.name}`", rule.holds, term_text(rule.default), range_text(rule), bound]
        yield _row([*cells, rule.leaves])
    yield from ("", "| table | class | resolution | kept |", _rule(4))
    for model in sorted(registry.own_models(), key=lambda model: model._meta.label):
        name = retentions.class_of(model)
        is_class = name in [rule.value for rule in RULES]
        kept = term_text(RULES[name].default) if is_class else retentions.text_of(name)  # type: ignore[index]
        yield _row([f"`{model._meta.label}`", name if is_class else "", _resolution(model), kept])


def _table(model: Any) -> Iterator[str]:
    meta = model._meta
    yield from ("", f"### {capfirst(str(meta.verbose_name_plural))} (`{meta.label}`)", "")
    yield " ".join((model.__doc__ or "").split("\n\n")[0].split())
    asked = ", ".join(f"`{table.name}`" for table in catalog.tables() if table.model is model)
    kept = retentions.class_of(model)
    yield f"Asked as: {asked or 'nothing'}. Retention: {kept}. Resolution: {_resolution(model)}."
    heads = ["field", "asked as", "type", "unit", "meaning", "default", "source", "class"]
    yield from ("", _row(heads), _rule(len(heads)))
    for entry in entries_of(model):
        yield _row(_cells(entry))


def _cells(entry: Entry) -> list[Any]:
    paths = dict.fromkeys(path.partition(" ")[2] for path in entry.paths)
    return [
        f"`{entry.field}`",
        ", ".join(f"`{path}`" for path in paths) + (" *" if entry.is_default else ""),
        entry.type,
        entry.unit,
        entry.meaning,
        ", ".join(f"{name}: {origins.standard_value(name)}" for name in entry.switches),
        entry.source,
        _class_text(entry),
    ]


def _class_text(entry: Entry) -> str:
    words = [entry.data_class + (f"/{entry.subject}" if entry.subject else "")]
    words += ["narrow"] if entry.is_narrow else []
    words += ["appraisal"] if entry.is_appraisal else []
    return " ".join(words)


def _resolution(model: Any) -> str:
    for kind in origins.kinds_of(model):
        if getattr(kind, "daily_model", None) is model:
            return "1 day"
        if (seconds := getattr(kind, "bucket_seconds", None)) is not None:
            return f"{seconds // 60} min" if seconds >= 60 else f"{seconds} s"
        return "exact"
    return "now"


def _order(model: Any) -> tuple[int, str]:
    return list(CATEGORIES).index(category_of(model).name), str(model._meta.label)


def _row(cells: list[Any]) -> str:
    return (
        "| " + " | ".join(str(cell).replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"
    )


def _rule(number: int) -> str:
    return "|" + "---|" * number


def _write(path: Path, text: str) -> bool:
    if path.exists() and path.read_text(encoding="utf-8") == text:
        return False
    path.write_text(text, encoding="utf-8")
    return True
