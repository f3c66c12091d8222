"""Narrows a list by the value of a custom field."""

from collections.abc import Iterator, Mapping
from typing import Any

from django.contrib import admin
from django.contrib.admin.exceptions import DisallowedModelAdminLookup
from django.contrib.admin.views.main import ChangeList
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from apps.organization import custom_fields
from apps.organization.models import CustomField
from apps.organization.values_page import words_of

FIELD, VALUE = "custom_field", "custom_value"


class CustomFieldFilter(admin.ListFilter):
    """Keeps rows with a value of one field, or with any where none is given.

    Offers no field whose values are hidden from the caller on some row, and refuses an address
    that names one: what matches would tell the value. Cost: 1 query.
    """

    title = _("custom field")
    template = "admin/organization/custom_field_filter.html"
    parameters = (FIELD, VALUE)

    def __init__(self, request: Any, params: dict[str, Any], model: Any, model_admin: Any) -> None:
        super().__init__(request, params, model, model_admin)
        found = custom_fields.readable(custom_fields.target_of(model), request.scope)
        self.fields: Mapping[str, CustomField] = {field.nql_id: field for field in found}
        for name in self.parameters:
            if name in params:
                self.used_parameters[name] = params.pop(name)[-1]
        self.text = str(self.used_parameters.get(VALUE, "")).strip()
        self.field = self._field(str(self.used_parameters.get(FIELD, "")))
        self.problem = ""
        self.kept: list[tuple[str, Any]] = []  # other parameters of the address

    def has_output(self) -> bool:
        """Return whether there is a field to choose."""
        return bool(self.fields)

    def expected_parameters(self) -> list[str | None]:
        """Return what the address may hold."""
        return list(self.parameters)

    def queryset(self, request: Any, queryset: Any) -> Any:
        """Keep the rows, none where the field cannot hold such a value."""
        if self.field is None:
            return queryset
        try:
            value = custom_fields.parse(self.field, self.text)
        except custom_fields.ValueRefused as error:
            self.problem = str(error)
            return queryset.none()
        return custom_fields.having(queryset, self.field, value)

    def choices(self, changelist: ChangeList) -> Iterator[Any]:
        """Offer all rows, and tell what is chosen."""
        everything = changelist.get_query_string(remove=[*self.parameters, "p"])
        self.kept = list(QueryDict(everything[1:]).items())
        yield {
            "selected": self.field is None,
            "query_string": everything,
            "display": _("All"),
        }
        if self.field is not None:
            text = self.text or _("any value")
            yield {
                "selected": True,
                "query_string": changelist.get_query_string(),
                "display": f"{self.field.name}: {text}",
            }

    @property
    def words(self) -> list[str]:
        """Return the texts that a value of the chosen field may be, none where it is free."""
        return words_of(self.field) if self.field else []

    def _field(self, nql_id: str) -> CustomField | None:
        if not nql_id:
            return None
        if nql_id not in self.fields:
            raise DisallowedModelAdminLookup("This field does not exist, or its values are hidden.")
        return self.fields[nql_id]
