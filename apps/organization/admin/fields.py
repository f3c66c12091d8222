"""Definitions of custom fields."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.decorators import display
from unfold.widgets import UnfoldAdminTextareaWidget

from apps.accounts.http import AccountRequest
from apps.core import clock
from apps.core.admin.detail import change_url, list_url
from apps.core.admin.values import link
from apps.organization import custom_fields, services
from apps.organization.admin.field_rules import FieldRulesMixin, rules_url
from apps.organization.choices import FieldType, FilledBy
from apps.organization.models import CustomField


class CustomFieldForm(forms.ModelForm):
    """What a field is called, what it holds, and what that says about people."""

    typed_words = forms.CharField(
        label=_("Words"),
        required=False,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 4}),
        help_text=_("One on each line, for a field that holds one of some words."),
    )

    class Meta:
        model = CustomField
        fields = ["nql_id", "name", "target", "filled_by", "type", "personal_class"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "target" in self.fields:  # offer what has a table to keep the values
            self.fields["target"].choices = custom_fields.targets()  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """Refuse what the service would refuse."""
        values: dict[str, Any] = super().clean() or {}
        if self.instance.pk:
            return values
        lines = values.get("typed_words", "").splitlines()
        words = list(dict.fromkeys(line.strip() for line in lines if line.strip()))
        values["words"] = words
        is_enum = values.get("type") == FieldType.ENUM
        if is_enum != bool(words) or len(words) > services.WORDS_LIMIT:
            self.add_error("typed_words", services.WORDS_MESSAGE)
        is_sound = {"filled_by", "target"} <= values.keys()
        if is_sound and (
            reason := services.problem_of_filler(values["filled_by"], values["target"])
        ):
            self.add_error(None, str(reason))
        return values


@admin.register(CustomField)
class CustomFieldAdmin(FieldRulesMixin):
    """Fields that the organisation adds to devices, users, binaries and packages."""

    form = CustomFieldForm
    empty_text = _(
        "There are no custom fields. Add one to note on devices what no collector can know, "
        "such as a cost centre."
    )
    list_display = ["name", "id_in_queries", "target", "filled_by", "type", "personal_class"]
    list_filter = ["target", "filled_by", "type"]
    search_fields = ["name", "nql_id"]
    ordering = ["target", "name"]
    actions = None

    @display(description=_("In queries"))
    def id_in_queries(self, field: CustomField) -> str:
        """Return how a query calls it."""
        return f"#{field.nql_id}"

    @display(description=_("Rules"))
    def number_of_rules(self, field: CustomField) -> str:
        """Return how many rules fill it, with the way to them."""
        number = len(field.rules)
        return link(rules_url(field), ngettext("%d rule", "%d rules", number) % number)

    def get_fieldsets(self, request: AccountRequest, obj: CustomField | None = None) -> list[Any]:
        """Ask for words only while the field is made; lead to its rules from then on."""
        names = ["name", "nql_id", "target", "filled_by", "type", "personal_class"]
        if obj is None:
            names.append("typed_words")
        elif obj.filled_by == FilledBy.RULES:
            names.append("number_of_rules")
        return [(None, {"fields": names})]

    def get_fixed_fields(
        self, request: AccountRequest, obj: CustomField | None = None
    ) -> list[str]:
        """Keep what the values depend on, and from whom the class hides them: he would see them."""
        if obj is None:
            return []
        fixed = ["nql_id", "target", "filled_by", "type", "number_of_rules"]
        return [*fixed, "personal_class"] if custom_fields.hides_some(obj, request.scope) else fixed

    def has_add_permission(self, request: AccountRequest) -> bool:
        """Let those define fields who see the whole tree."""
        return super().has_add_permission(request) and request.scope.is_unrestricted

    def has_change_permission(
        self, request: AccountRequest, obj: CustomField | None = None
    ) -> bool:
        """Let those define fields who see the whole tree."""
        return super().has_change_permission(request, obj) and request.scope.is_unrestricted

    def has_delete_permission(
        self, request: AccountRequest, obj: CustomField | None = None
    ) -> bool:
        """Delete one field at a time, so that each is audited."""
        return (
            obj is not None
            and super().has_delete_permission(request, obj)
            and request.scope.is_unrestricted
        )

    def save_model(
        self, request: AccountRequest, obj: CustomField, form: forms.ModelForm, change: bool
    ) -> None:
        """Create or change by the services."""
        values, actor, now = form.cleaned_data, request.user, clock.now()
        if change:
            services.change_field(
                field=CustomField.objects.get(pk=obj.pk),
                name=values["name"],
                personal_class=values.get("personal_class", obj.personal_class),
                actor=actor,
                now=now,
            )
            return
        made = services.create_field(
            nql_id=values["nql_id"],
            name=values["name"],
            target=values["target"],
            type=values["type"],
            words=values["words"],
            personal_class=values["personal_class"],
            filled_by=values["filled_by"],
            actor=actor,
            now=now,
        )
        obj.__dict__.update(made.__dict__)

    def response_add(
        self, request: AccountRequest, obj: CustomField, post_url_continue: Any = None
    ) -> HttpResponse:
        """Go on to the rules of a field that they fill."""
        if obj.filled_by == FilledBy.RULES:
            return HttpResponseRedirect(rules_url(obj))
        return super().response_add(request, obj, post_url_continue)

    def delete_view(
        self, request: AccountRequest, object_id: str, extra_context: Any = None
    ) -> HttpResponse:
        """Say how many values go with the field, and delete both."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        field = self.get_object(request, object_id)
        if field is None:
            raise Http404
        if not self.has_delete_permission(request, field):
            raise PermissionDenied
        if request.POST.get("confirmed") == "yes":
            number = services.delete_field(field=field, actor=request.user, now=clock.now())
            text = ngettext(
                "The field and %d value are deleted.",
                "The field and %d values are deleted.",
                number,
            )
            self.message_user(request, text % number, messages.SUCCESS)
            return HttpResponseRedirect(list_url(CustomField))
        number = custom_fields.count_values(field)
        text = ngettext("%d value is deleted with it.", "%d values are deleted with it.", number)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "original": field,
            "title": field.name,
            "question": _("Delete this field?"),
            "consequences": [text % number, _("This cannot be taken back.")],
            "names": [f"{field.name} (#{field.nql_id})"],
            "do": _("Delete"),
            "back": change_url(field),
            "hidden": [],
        }
        return TemplateResponse(request, "admin/core/confirm.html", context)
