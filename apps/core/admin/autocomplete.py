"""Completion of names in fields and filters, within the caller's scope."""

from typing import Any

from django.contrib.admin.views.autocomplete import AutocompleteJsonView
from django.core.paginator import Paginator
from django.db import models
from django.http import HttpResponse

from apps.core.admin import reads


class ScopedAutocompleteView(AutocompleteJsonView):
    """Offers rows of the view domain by what the caller may call them.

    The rows and the search are those of the other table's admin: a `ScopedAdmin` offers none
    where every field it searches is hidden. Whom it offered is recorded as of a list.
    """

    def get(self, request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        """Offer a page of rows. Cost: 1 query more where it offered anybody."""
        self.offered: list[models.Model] = []
        answer = super().get(request, *args, **kwargs)
        model = self.model_admin.model
        reads.record(request, reads.of_list(model, self.offered, request))
        return answer

    def get_paginator(self, *args: Any, **kwargs: Any) -> Paginator[Any]:
        """Return pages from the front: the order of what is offered need not be total."""
        return Paginator(*args, **kwargs)

    def serialize_result(self, obj: models.Model, to_field_name: str) -> dict[str, Any]:
        """Return id and label of a row."""
        self.offered.append(obj)
        found: dict[str, Any] = super().serialize_result(obj, to_field_name)
        scope = self.request.scope  # type: ignore[attr-defined]
        return found | {"text": scope.label(obj)}
