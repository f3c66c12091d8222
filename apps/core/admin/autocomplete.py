"""Completion of names in fields and filters, within the caller's scope."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from django import forms
from django.contrib.admin.views.autocomplete import AutocompleteJsonView
from django.contrib.admin.widgets import AutocompleteSelect, AutocompleteSelectMultiple
from django.core.paginator import Paginator
from django.db import models
from django.http import HttpResponse

from apps.core.admin import reads

SCRIPTS = ["admin/js/jquery.init.js", "admin/js/autocomplete.js", "dex/completion.js"]  # in order

Labels = Callable[[list[Any]], Mapping[Any, str]]  # of rows, by their keys


class ScopedAutocompleteView(AutocompleteJsonView):
    """Offers rows of the view domain by what the caller may call them.

    The rows and the search are those of the other table's admin: a `ScopedAdmin` offers none
    where every field it searches is hidden. Where the admin of the field asks for another action
    than seeing (`completed_for`), rows without that grant are left out. Whom it offered is
    recorded as of a list.
    """

    def get(self, request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        """Offer a page of rows. Cost: 1 query more where it offered anybody."""
        self.offered: list[models.Model] = []
        answer = super().get(request, *args, **kwargs)
        model = self.model_admin.model
        reads.record(request, reads.of_list(model, self.offered, request))
        return answer

    def has_perm(self, request: Any, obj: Any = None) -> bool:
        """Ask the other table's admin."""
        asked = getattr(self.model_admin, "may_complete", self.model_admin.has_view_permission)
        return bool(asked(request))

    def get_queryset(self) -> models.QuerySet[Any]:
        """Return the rows that match."""
        rows: models.QuerySet[Any] = super().get_queryset()
        source = self.admin_site._registry.get(self.source_field.model)  # type: ignore[union-attr]
        action = getattr(source, "completed_for", {}).get(self.source_field.name)
        if action is None:
            return rows
        return rows.permitted_to(self.request.scope, action)  # type: ignore[attr-defined, no-any-return]

    def get_paginator(self, *args: Any, **kwargs: Any) -> Paginator[Any]:
        """Return pages from the front: the order of what is offered need not be total."""
        return Paginator(*args, **kwargs)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Read the page of rows, and name them together."""
        context: dict[str, Any] = super().get_context_data(**kwargs)
        self.offered = list(context["object_list"])
        self.labels = labels_by(self.model_admin, self.request)(self.offered)
        return context | {"object_list": self.offered}

    def serialize_result(self, obj: models.Model, to_field_name: str) -> dict[str, Any]:
        """Return id and label of a row."""
        found: dict[str, Any] = super().serialize_result(obj, to_field_name)
        return found | {"text": self.labels[obj.pk]}


def labels_by(model_admin: Any, request: Any) -> Labels:
    """Return how an admin names rows to a caller."""
    named = getattr(model_admin, "completion_labels", None)
    if named is None:
        return lambda rows: {row.pk: request.scope.label(row) for row in rows}
    return lambda rows: named(request, rows)  # type: ignore[no-any-return]


class _Completing:
    """What the two widgets share: chosen rows stand in the page, all others are asked for.

    The rows that may be chosen are those of the field's queryset. labels: names the chosen ones;
    by default they are named by the field.
    """

    allow_multiple_selected: bool
    choices: Any

    def __init__(
        self, *args: Any, labels: Labels | None = None, placeholder: Any = "", **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.labels, self.placeholder = labels, placeholder

    def build_attrs(self, base_attrs: Any, extra_attrs: Any = None) -> dict[str, Any]:
        """Add what our script looks for, and what stands in an empty field."""
        found: dict[str, Any] = super().build_attrs(base_attrs, extra_attrs)  # type: ignore[misc]
        classes = f"dex-completion {found['class']}"
        return found | {"class": classes, "data-placeholder": str(self.placeholder)}

    def optgroups(self, name: str, value: list[str], attrs: Any = None) -> list[Any]:
        """Return the chosen rows as options. Cost: 1 query, and what their names cost."""
        rows = list(self.choices.queryset.filter(pk__in=keys_of(value)))
        named = self.labels or (
            lambda rows: {row.pk: self.choices.field.label_from_instance(row) for row in rows}
        )
        options = [(str(key), label, True) for key, label in named(rows).items()] if rows else []
        if not self.allow_multiple_selected:
            options.insert(0, ("", "", not options))
        return [
            (None, [self.create_option(name, *option, place)], place)  # type: ignore[attr-defined]
            for place, option in enumerate(options)
        ]

    @property
    def media(self) -> forms.Media:
        """Return Select2 and what we add to it."""
        return super().media + forms.Media(js=SCRIPTS)  # type: ignore[misc, no-any-return]


class CompletedSelect(_Completing, AutocompleteSelect):  # type: ignore[misc]
    """A field that completes the name of one row."""


class CompletedSelectMultiple(_Completing, AutocompleteSelectMultiple):  # type: ignore[misc]
    """A field that completes the names of several rows."""


def keys_of(values: Iterable[Any]) -> list[int]:
    """Return what may be a bigint key among the values of an address or a form."""
    texts = [str(value) for value in values]
    return [int(text) for text in texts if text.isascii() and text.isdigit() and len(text) < 19]
