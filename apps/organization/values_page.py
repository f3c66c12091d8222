"""Values of custom fields on the page of an object: shown there, and written on a page of its own."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext_lazy as _

from apps.core import clock
from apps.core.admin import DetailMixin, Visit
from apps.core.admin.detail import change_url
from apps.core.admin.values import Button, Fact, Section
from apps.core.errors import DomainError
from apps.core.scope import Scope
from apps.organization import custom_fields, services
from apps.organization.choices import FieldType
from apps.organization.models import CustomField


def facts_of(obj: Any, visit: Visit) -> list[Fact]:
    """Return the fields with a value that the caller may see. Cost: 1 query where it has any."""
    if not obj.custom:
        return []
    shown = [
        Fact(field.name, custom_fields.shown(field, obj, visit.scope), hint=f"#{field.nql_id}")
        for field in CustomField.objects.about(custom_fields.target_of(type(obj)))
    ]
    return [fact for fact in shown if fact.value]


def sections_of(obj: Any, visit: Visit) -> list[Section]:
    """Return the part of a page that shows the values, none where there are none."""
    facts = facts_of(obj, visit)
    template = "admin/core/section_tables.html"
    return [Section("custom", _("Custom fields"), template, {"facts": facts})] if facts else []


def words_of(field: CustomField) -> list[str]:
    """Return the texts among which a value is chosen, none where it is free."""
    return ["yes", "no"] if field.type == FieldType.BOOL else list(field.words)


class ValueField(forms.CharField):
    """The value of one custom field, as its type wants it."""

    def __init__(self, field: CustomField, **kwargs: Any) -> None:
        words = words_of(field)
        choices = [("", "\N{EM DASH}"), *((word, word) for word in words)]
        widget = forms.Select(choices=choices) if words else forms.TextInput()
        super().__init__(
            label=field.name,
            required=False,
            widget=widget,
            help_text=f"{field.get_type_display()}, #{field.nql_id}",
            show_hidden_initial=True,  # so that what nobody touched is not written
            **kwargs,
        )
        self.field = field

    def clean(self, value: Any) -> Any:
        """Return the typed value."""
        text = super().clean(value)
        try:
            return custom_fields.parse(self.field, text)
        except custom_fields.ValueRefused as error:
            raise forms.ValidationError(str(error)) from error


class ValuesForm(forms.Form):
    """The fields of one object that the caller may see."""

    def __init__(self, *args: Any, obj: Any, fields: Iterable[CustomField], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.custom = {field.nql_id: field for field in fields}
        for name, field in self.custom.items():
            text = custom_fields.text_of(field, obj.custom.get(name))
            self.fields[name] = ValueField(field, initial=text)

    def values(self) -> Mapping[CustomField, Any]:
        """Return what was changed."""
        return {self.custom[name]: self.cleaned_data[name] for name in self.changed_data}


class CustomValuesMixin(DetailMixin):
    """Lets those write values of custom fields who may change the object; `sections_of` shows them.

    They need the permission on the model, and to manage a device that the row is about.
    """

    fill_action = "change"  # the first word of the permission's codename

    def buttons(self, obj: Any, visit: Visit) -> Sequence[Button]:
        """Offer to write the values to those who may. Cost: at most 1 query."""
        found = list(super().buttons(obj, visit))
        if self._may_fill(obj, visit.scope):
            address = reverse(f"admin:{self._fill_name()}", args=[obj.pk])
            found.append(Button(_("Set custom fields"), address, "edit_note"))
        return found

    def get_urls(self) -> list[URLPattern]:
        """Add the page on which values are written."""
        own = path(
            "<path:object_id>/fields/",
            self.admin_site.admin_view(self.fill_view),
            name=self._fill_name(),
        )
        return [own, *super().get_urls()]

    def fill_view(self, request: Any, object_id: str) -> HttpResponse:
        """Show the form of the values, and save them."""
        obj = self.found(request, object_id)
        if not self._may_fill(obj, request.scope):
            raise PermissionDenied
        fields = custom_fields.writable(custom_fields.target_of(self.model), request.scope)
        form = ValuesForm(request.POST or None, obj=obj, fields=fields)
        if request.method == "POST" and form.is_valid():
            values, now = form.values(), clock.now()
            try:
                services.set_values(obj=obj, values=values, actor=request.user, now=now)
            except DomainError as error:
                self.message_user(request, str(error), messages.ERROR)
            else:
                self.message_user(request, _("The custom fields are saved."))
            return HttpResponseRedirect(change_url(obj))
        context = {"form": form, "back": change_url(obj)}
        return self.page(request, obj, "admin/organization/values.html", context)

    def _fill_name(self) -> str:
        return f"{self.opts.app_label}_{self.opts.model_name}_fields"

    def _may_fill(self, obj: models.Model, scope: Scope) -> bool:
        meta = self.model._meta
        needed = f"{meta.app_label}.{self.fill_action}_{meta.model_name}"
        if needed not in scope.permissions:
            return False
        rows: Any = self.model._default_manager.all()
        managed = scope.is_unrestricted or rows.permitted_to(scope, "manage").filter(pk=obj.pk)
        return managed is True or managed.exists()
