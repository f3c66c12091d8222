"""What refers to an entity, and what that means for whoever wants to delete it.

Upper apps say which of their rows tell of the past, and which are counted anew anyway; all other
rows hold the entity until somebody moves or changes them.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from django.db import models
from django.db.models import Q
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from apps.organization.choices import FieldFact, RuleFact
from apps.organization.models import (
    ClassificationRule,
    CustomField,
    Entity,
    EntityGroupPermission,
    Site,
)

Model = type[models.Model]

_past: dict[Model, Q] = {}
_counted: set[Model] = {EntityGroupPermission}  # goes with the entity


def tells_of_past(model: Model, rows: Q | None = None) -> None:
    """Say that rows of a table, all for None, keep their entity for good."""
    _past[model] = rows or Q(pk__isnull=False)


def is_counted_anew(*tables: Model) -> None:
    """Say that rows of these tables are figures that may go with their entity."""
    _counted.update(tables)


@dataclass(frozen=True, slots=True)
class Uses:
    """What refers to an entity. present: in words, what is to be moved or changed first."""

    present: tuple[str, ...]
    is_past: bool

    @property
    def problem(self) -> str | Promise:
        """Return why the entity cannot be deleted and what to do, "" where it can."""
        if self.is_past:
            return _(
                "It cannot be deleted: what was recorded while it was in use names it for good, so "
                "that old figures stay where they belong. Rename it, or move it below another "
                "entity; what is in it now can be moved out."
            )
        if self.present:
            text = _(
                "It is in use by: %(uses)s. Move these elsewhere or take it out of them first."
            )
            return text % {"uses": ", ".join(self.present)}
        return ""


def uses_of(entity: Entity) -> Uses:
    """Return what refers to an entity. Cost: at most 2 queries per table."""
    relations: Iterable[Any] = Entity._meta.get_fields(include_hidden=True)
    present: dict[str, None] = dict.fromkeys(_naming(entity))
    is_past = False
    for relation in relations:
        model = relation.related_model
        if not relation.auto_created or relation.concrete or model in _counted:
            continue
        past = _past.get(model, Q(pk__in=[]))
        rows = model._base_manager.filter(**{relation.field.name: entity})
        is_past = is_past or rows.filter(past).exists()
        if rows.exclude(past).exists():
            present[str(model._meta.verbose_name_plural)] = None
    return Uses(tuple(present), is_past)


def _naming(entity: Entity) -> Iterator[str]:
    """Yield what has conditions that name the entity. Cost: at most 5 queries."""
    key, own = (
        [{"fact": str(fact), "value": str(entity.pk)}]
        for fact in (RuleFact.KEY_ENTITY, FieldFact.ENTITY)
    )
    if ClassificationRule.objects.filter(conditions__contains=key).exists():
        yield str(ClassificationRule._meta.verbose_name_plural)
    if any(Site.objects.filter(conditions__contains=part).exists() for part in (key, own)):
        yield str(Site._meta.verbose_name_plural)
    fields = CustomField.objects.ruled()
    if any(fields.filter(rules__contains=[{"conditions": part}]).exists() for part in (key, own)):
        yield str(CustomField._meta.verbose_name_plural)
