"""Columns and read-only fields that show each caller what its scope allows."""

from collections.abc import Callable
from typing import Any

from django.contrib import admin
from django.db import models

from apps.core.scope import Scope

Column = str | Callable[..., Any]


def shown(model: type[models.Model], name: str, scope: Scope) -> Callable[[models.Model], Any]:
    """Return the column of a personal field; sortable only where no row hides it."""
    field = model._meta.get_field(name)
    is_hidden_somewhere = scope.may_hide(model, name)

    @admin.display(
        description=getattr(field, "verbose_name", name),
        ordering=None if is_hidden_somewhere else name,
    )
    def column(obj: models.Model) -> Any:
        return value_of(obj, name, scope)

    column.__name__ = name
    if isinstance(field, models.BooleanField) and not is_hidden_somewhere:
        column.boolean = True  # type: ignore[attr-defined]
    return column


def value_of(obj: models.Model, name: str, scope: Scope) -> Any:
    """Return what a caller sees of a field: links by their label, choices by their words."""
    value = scope.show(obj, name)
    if isinstance(value, models.Model):
        return scope.label(value)
    if isinstance(value, models.Manager):
        return ", ".join(scope.label(row) for row in value.all())
    field = obj._meta.get_field(name)
    if getattr(field, "choices", None) and value == getattr(obj, name):
        return getattr(obj, f"get_{name}_display")()
    return value


class Labelled:
    """Stands for an object in templates that print it: its text is what the caller may see."""

    def __init__(self, obj: models.Model, label: str) -> None:
        self._obj = obj
        self._label = label

    def __str__(self) -> str:
        return self._label

    def __getattr__(self, name: str) -> Any:
        return getattr(self._obj, name)
