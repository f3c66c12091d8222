"""A filter of lists by related rows, whose names complete."""

from collections.abc import Iterator
from typing import Any

from django.contrib.admin import RelatedFieldListFilter
from django.contrib.admin.views.main import ChangeList
from django.forms import Media, ModelChoiceField
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from apps.core.admin.autocomplete import CompletedSelect, keys_of, labels_by


class CompletionFilter(RelatedFieldListFilter):
    """Narrows a list to one related row of the view domain; the page holds no other's name.

    The row of an address that lies outside the domain has no name, as one that is missing.
    """

    template = "admin/core/completion_filter.html"

    def __init__(
        self, field: Any, request: Any, params: Any, model: Any, model_admin: Any, field_path: str
    ) -> None:
        super().__init__(field, request, params, model, model_admin, field_path)
        self.field, self.request, self.site = field, request, model_admin.admin_site
        self.related = self.site.get_model_admin(field.remote_field.model)
        if self.lookup_val and not any(self.lookup_val):  # a form without a choice
            self.lookup_val = None
            self.used_parameters.pop(self.lookup_kwarg, None)
        self.label = self._label(keys_of(self.lookup_val or [])[-1:])

    def field_choices(self, field: Any, request: Any, model_admin: Any) -> list[tuple[Any, Any]]:
        """Read none: they are asked for."""
        return []

    def has_output(self) -> bool:
        """Return whether the caller may have names completed."""
        return bool(self.related.may_complete(self.request))

    def choices(self, changelist: ChangeList) -> Iterator[Any]:
        """Offer all rows, and tell which is chosen."""
        removed = [self.lookup_kwarg, self.lookup_kwarg_isnull]
        everything = changelist.get_query_string(remove=removed)
        self.kept = list(QueryDict(everything[1:]).items())
        is_chosen = self.lookup_val is not None
        yield {"selected": not is_chosen, "query_string": everything, "display": _("All")}
        if is_chosen:
            query = changelist.get_query_string()
            yield {"selected": True, "query_string": query, "display": self.label}

    @property
    def select(self) -> str:
        """Return the field that completes names."""
        value = (self.lookup_val or [""])[-1]
        attrs = {"id": f"id_{self.lookup_kwarg}", "data-dex-submit": ""}
        return str(self._widget().render(self.lookup_kwarg, value, attrs))

    @property
    def media(self) -> Media:
        """Return the scripts and styles of the field."""
        media: Media = self._widget().media
        return media

    def _widget(self) -> Any:
        widget = CompletedSelect(
            self.field,
            self.site,
            labels=lambda rows: {row.pk: self.label for row in rows},
            placeholder=_("All"),
        )
        rows = self.related.get_queryset(self.request)
        return ModelChoiceField(queryset=rows, required=False, widget=widget).widget

    def _label(self, keys: list[int]) -> str:
        """Return the name of the chosen row. Cost: 1 query and the name's, none for no row."""
        rows = list(self.related.get_queryset(self.request).filter(pk__in=keys)) if keys else []
        named = labels_by(self.related, self.request)(rows) if rows else {}
        return next(iter(named.values()), str(_("unknown")))
