"""One entry a field: its class, its subject, why it is there, where from, how long, who sees it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db import models
from django.utils.functional import Promise
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from apps.core.personal_data import FieldClass, PrivacyLevel, masking, registry
from apps.core.personal_data.classes import Class
from apps.core.personal_data.masking import HIDDEN_FROM
from apps.events.kinds import SampledKind
from apps.events.metrics import column_names
from apps.events.models import DailyEvent
from apps.gdpr.data_inventory import origins, retentions
from apps.gdpr.data_inventory.categories import category_of
from apps.nql import catalog

UNITS = {
    "_per_s": "1/s",
    "_ms": "ms",
    "_bytes": "B",
    "_ratio": "1",
    "_bps": "bit/s",
    "_dbm": "dBm",
    "_mhz": "MHz",
    "_seconds": "s",
    "_minutes": "min",
    "_wh": "Wh",
}
ERASED: dict[str, str | Promise] = {
    "delete": _("deleted with its row"),
    "keep": _("stays to its term"),
    "none": _("says nothing about a person"),
}


@dataclass(frozen=True, slots=True)
class Entry:
    """One field, or the columns of one metric.

    path: as queries write it, with its table, "" where none can. columns: in the database.
    hidden_from: the first privacy level that hides it on some row, None where none does.
    retrieval: "user", "device" (rows of one person's device), "" (not part of it).
    erasure: "delete", "keep" or "none".
    """

    model: type[models.Model]
    field: str
    columns: tuple[str, ...]
    paths: tuple[str, ...]
    type: str
    unit: str
    meaning: str
    category: str
    data_class: str
    is_narrow: bool
    is_appraisal: bool
    subject: str
    source: str
    switches: tuple[str, ...]
    retention: str
    hidden_from: int | None
    retrieval: str
    erasure: str
    is_default: bool

    @property
    def table(self) -> str:
        """Return the label of the table."""
        return str(self.model._meta.label)


def entries() -> Iterator[Entry]:
    """Yield the entries of all our tables, lower apps first."""
    for model in registry.own_models():
        yield from entries_of(model)


def entries_of(model: type[models.Model]) -> Iterator[Entry]:
    """Yield the entries of one table, in the order of its fields; a field without class has none."""
    stems = _stems(model)
    seen: set[str] = set()
    for field in [*model._meta.concrete_fields, *model._meta.many_to_many]:
        found = registry.of_field(model, field.name)
        stem = stems.get(field.column or field.name, field.name)
        if found is None or stem in seen:
            continue
        seen.add(stem)
        columns = tuple(c for c, s in stems.items() if s == stem) or (field.column or field.name,)
        yield _entry(model, field, stem, columns, found)


def _entry(
    model: type[models.Model], field: Any, stem: str, columns: tuple[str, ...], found: FieldClass
) -> Entry:
    known = registry.classification(model)
    subjects = known.keys if known else {}
    asked = list(_catalogue(model, stem, field.name))
    return Entry(
        model=model,
        field=stem,
        columns=columns,
        paths=tuple(f"{table.name} {entry.path}" for table, entry in asked),
        type=asked[0][1].type if asked else _type(field),
        unit=_unit(stem),
        meaning=str(getattr(field, "help_text", "") or capfirst(field.verbose_name)),
        category=category_of(model).name,
        data_class=found.value.value,
        is_narrow=found.narrow,
        is_appraisal=found.appraisal,
        subject=str(found.subject) if found.is_personal else "",
        source=origins.source_of(model, field),
        switches=origins.switches_of(model, field),
        retention=_retention(model, field),
        hidden_from=_hidden_from(model, field.name, found),
        retrieval=_retrieval(subjects, found),
        erasure=_erasure(subjects, found),
        is_default=any(entry.is_default for _table, entry in asked),
    )


def _stems(model: type[models.Model]) -> dict[str, str]:
    """Return column -> name of its metric, for the metrics of a sampled table."""
    return {
        column: name
        for kind in origins.kinds_of(model)
        if isinstance(kind, SampledKind)
        for name, metric in kind.metrics.items()
        for column in column_names(name, metric, daily=issubclass(model, DailyEvent))
    }


def _catalogue(
    model: type[models.Model], stem: str, name: str
) -> Iterator[tuple[catalog.Table, catalog.Field]]:
    """Yield where a field can be asked; a daily table answers for the one of its samples."""
    asked = {model} | {
        kind.model
        for kind in origins.kinds_of(model)
        if isinstance(kind, SampledKind) and kind.daily_model is model
    }
    for table in catalog.tables():
        for entry in table.fields:
            owner, column = catalog.owner_of(table.model, entry.name)
            if owner in asked and column in (stem, name):
                yield table, entry


def _retention(model: type[models.Model], field: Any) -> str:
    """Return the class of a field: that of its table, shorter for whose daily rows are."""
    if issubclass(model, DailyEvent) and field.name == "user":
        return "daily_person"
    return retentions.class_of(model)


def _hidden_from(model: type[models.Model], name: str, found: FieldClass) -> int | None:
    if found.value is Class.SECRET:
        return PrivacyLevel.FULL.value
    if found.subject not in HIDDEN_FROM:
        return None
    return next((n.value for n in PrivacyLevel if masking.may_hide(n, model, name)), None)


def _retrieval(subjects: Any, found: FieldClass) -> str:
    if found.value is Class.SECRET:
        return ""
    return next((subject for subject in ("user", "device") if subject in subjects), "")


def _erasure(subjects: Any, found: FieldClass) -> str:
    if {"user", "device"} & set(subjects):
        return "delete"
    return "keep" if found.is_personal else "none"


def _type(field: Any) -> str:
    return str(field.get_internal_type()).removesuffix("Field").lower()


def _unit(stem: str) -> str:
    if "_bytes_per_s" in stem:
        return "B/s"
    return next((unit for suffix, unit in UNITS.items() if stem.endswith(suffix)), "")
