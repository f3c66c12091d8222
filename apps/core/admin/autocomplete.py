"""Completion of names in fields and filters, within the caller's scope."""

from typing import Any

from django.contrib.admin.views.autocomplete import AutocompleteJsonView
from django.db import models


class ScopedAutocompleteView(AutocompleteJsonView):
    """Offers rows of the view domain by what the caller may call them.

    The rows and the search are those of the other table's admin: a `ScopedAdmin` offers none
    where every field it searches is hidden.
    """

    def serialize_result(self, obj: models.Model, to_field_name: str) -> dict[str, Any]:
        """Return id and label of a row."""
        found: dict[str, Any] = super().serialize_result(obj, to_field_name)
        scope = self.request.scope  # type: ignore[attr-defined]
        return found | {"text": scope.label(obj)}
