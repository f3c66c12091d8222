"""Rules that fill a custom field: one page that edits a draft, and what it would do.

Nothing is kept before the preview was answered; the draft travels signed within the page.
"""

from dataclasses import dataclass, replace
from typing import Any

from django import forms
from django.contrib import messages
from django.core import signing
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from apps.accounts.admin import ServiceAdmin
from apps.accounts.http import AccountRequest
from apps.core import clock
from apps.core.admin.detail import change_url
from apps.core.admin.values import Table, columns, number_text
from apps.core.errors import DomainError
from apps.core.formats import NOTHING
from apps.organization import custom_fields, field_rules, services
from apps.organization.choices import FilledBy, Matching
from apps.organization.conditions import described
from apps.organization.field_rules import Filling, FillingPreview, ValueRule
from apps.organization.forms import ConditionsForm
from apps.organization.models import CustomField
from apps.organization.places import Places
from apps.organization.values_page import ValueField

SALT = "organization.field_rules"
TERM_SECONDS = 86_400  # of a draft
NEW = "new"  # the place of a rule that is not in the list yet


@dataclass(frozen=True, slots=True)
class Draft:
    """Rules as they stand in the page; base: the mark of those that they change."""

    filling: Filling
    base: str

    @property
    def rules(self) -> list[ValueRule]:
        """Return the rules as a list of its own."""
        return list(self.filling.rules)

    def having(self, rules: list[ValueRule]) -> "Draft":
        """Return the draft with other rules."""
        return replace(self, filling=replace(self.filling, rules=tuple(rules)))


class ValueRuleForm(ConditionsForm):
    """One rule: its value, and which devices have it."""

    facts = field_rules.FACTS

    def __init__(
        self, data: Any, *, places: Places, field: CustomField, rule: ValueRule | None
    ) -> None:
        initial = {"matching": rule.matching if rule else Matching.ALL}
        conditions = rule.conditions if rule else ()
        super().__init__(data, places=places, conditions=conditions, initial=initial)
        text = custom_fields.text_of(field, rule.value) if rule else ""
        self.fields["gives"] = ValueField(field, initial=text)

    @property
    def rule(self) -> ValueRule:
        """Return the rule that was typed; only of a form that is sound."""
        values = self.cleaned_data
        return ValueRule(values["gives"], self.conditions, values["matching"])


class OtherwiseForm(forms.Form):
    """The value of devices that no rule takes."""

    def __init__(self, data: Any, *, field: CustomField, value: Any) -> None:
        super().__init__(data)
        text = custom_fields.text_of(field, value)
        self.fields["otherwise"] = ValueField(field, initial=text)
        self.fields["otherwise"].label = _("Otherwise")
        self.fields["otherwise"].help_text = _(
            "The value of devices that no rule takes. Leave it empty for no value."
        )


class FieldRulesMixin(ServiceAdmin):
    """Adds the page of the rules to the definitions of custom fields."""

    def get_urls(self) -> list[URLPattern]:
        """Add the page of the rules."""
        own = path(
            "<path:object_id>/rules/",
            self.admin_site.admin_view(self.rules_view),
            name="organization_customfield_rules",
        )
        return [own, *super().get_urls()]

    def rules_view(self, request: AccountRequest, object_id: str) -> HttpResponse:
        """Edit the rules of a field, show what they would do, and keep them."""
        field = self._ruled(request, object_id)
        if custom_fields.hides_some(field, request.scope):  # rules and what they change tell them
            text = _(
                "Your profile hides the values of this field, and so the rules that give them."
            )
            self.message_user(request, text, messages.ERROR)
            return HttpResponseRedirect(change_url(field))
        if request.method != "POST":
            filling = Filling.of_row(field)
            return self._editor(request, field, Draft(filling, filling.fingerprint))
        draft, answer = _opened(request, field), request.POST
        if "take" in answer:
            return self._take(request, field, draft, answer["take"])
        if "keep" in answer:
            return self._keep(request, field, draft)
        if "otherwise" in answer:
            form = OtherwiseForm(answer, field=field, value=None)
            if not form.is_valid():
                return self._editor(request, field, draft, form=form)
            value = form.cleaned_data["otherwise"]
            draft = replace(draft, filling=replace(draft.filling, otherwise=value))
        if "edit" in answer:
            return self._rule(request, field, draft, answer["edit"])
        if "preview" in answer:
            return self._preview(request, field, draft)
        rules, moved = _rearranged(draft.rules, answer)
        return self._editor(request, field, draft.having(rules), moved=moved)

    # --- steps ---

    def _ruled(self, request: AccountRequest, object_id: str) -> CustomField:
        """Return a field that rules fill, to those who may change it."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        field: CustomField | None = self.get_object(request, object_id)
        if field is None or field.filled_by != FilledBy.RULES:
            raise Http404
        if not self.has_change_permission(request, field):
            raise PermissionDenied
        return field

    def _editor(
        self,
        request: AccountRequest,
        field: CustomField,
        draft: Draft,
        *,
        form: OtherwiseForm | None = None,
        moved: str = "",
    ) -> HttpResponse:
        places, left = Places(), field_rules.filler().left(field)
        texts = [
            {
                "value": custom_fields.text_of(field, rule.value) or NOTHING,
                "conditions": described(rule, places),
            }
            for rule in draft.filling.rules
        ]
        context = {
            "title": _("Rules of %(name)s") % {"name": field.name},
            "form": form or OtherwiseForm(None, field=field, value=draft.filling.otherwise),
            "rules": texts,
            "moved": moved,
            "new": NEW,
            "waiting": ngettext(
                "%d device waits to be filled by the rules that are kept.",
                "%d devices wait to be filled by the rules that are kept.",
                left,
            )
            % left
            if left
            else "",
            "back": change_url(field),
        }
        return self._page(request, field, draft, "field_rules.html", context)

    def _rule(
        self,
        request: AccountRequest,
        field: CustomField,
        draft: Draft,
        place: str,
        form: ValueRuleForm | None = None,
    ) -> HttpResponse:
        number = _number(place, draft.rules)
        if form is None:
            rule = None if number is None else draft.rules[number]
            form = ValueRuleForm(None, places=Places(), field=field, rule=rule)
        title = _("New rule") if number is None else _("Rule %d") % (number + 1)
        context = {"title": title, "form": form, "place": place, "back": rules_url(field)}
        return self._page(request, field, draft, "field_rule_form.html", context)

    def _take(
        self, request: AccountRequest, field: CustomField, draft: Draft, place: str
    ) -> HttpResponse:
        """Take a rule that was typed into the draft."""
        form = ValueRuleForm(request.POST, places=Places(), field=field, rule=None)
        if not form.is_valid():
            return self._rule(request, field, draft, place, form)
        rules, number = draft.rules, _number(place, draft.rules)
        if number is None:
            rules.append(form.rule)
        else:
            rules[number] = form.rule
        return self._editor(request, field, draft.having(rules))

    def _preview(self, request: AccountRequest, field: CustomField, draft: Draft) -> HttpResponse:
        """Show what the draft would do to the devices that the caller sees."""
        if reason := self._problem(request, field, draft):
            self.message_user(request, str(reason), messages.ERROR)
            return self._editor(request, field, draft)
        found = field_rules.filler().preview(field, draft.filling, request.scope)
        context = {
            "title": _("What the rules would do"),
            "summary": ngettext(
                "%d device would have another value than now.",
                "%d devices would have another value than now.",
                found.changing,
            )
            % found.changing,
            "tables": [_values_table(field, found), _rules_table(field, draft.filling, found)],
            "is_unchanged": draft.filling.fingerprint == draft.base,
            "back": rules_url(field),
        }
        return self._page(request, field, draft, "field_rules_preview.html", context)

    def _keep(self, request: AccountRequest, field: CustomField, draft: Draft) -> HttpResponse:
        reason = self._problem(request, field, draft)
        try:
            if reason is None:
                services.set_field_rules(
                    field=field,
                    filling=draft.filling,
                    base=draft.base,
                    actor=request.user,
                    now=clock.now(),
                )
        except DomainError as error:
            reason = str(error)
        if reason:
            self.message_user(request, str(reason), messages.ERROR)
            return HttpResponseRedirect(rules_url(field))
        text = _("The rules are kept. Devices are filled within a few minutes.")
        self.message_user(request, text, messages.SUCCESS)
        return HttpResponseRedirect(change_url(field))

    def _problem(self, request: AccountRequest, field: CustomField, draft: Draft) -> Any:
        """Return why the caller cannot have such rules, None where he can."""
        if field_rules.filler().hides(draft.filling.facts, request.scope):
            return _("These rules read names or addresses that your profile hides.")
        return services.problem_of_filling(field, draft.filling)

    def _page(
        self,
        request: AccountRequest,
        field: CustomField,
        draft: Draft,
        template: str,
        context: dict[str, Any],
    ) -> HttpResponse:
        known = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "original": field,
            "token": _sealed(request, field, draft),
            "target": rules_url(field),
        }
        return TemplateResponse(request, f"admin/organization/{template}", {**known, **context})


def rules_url(field: CustomField) -> str:
    """Return the address of the page of a field's rules."""
    return reverse("admin:organization_customfield_rules", args=[field.pk])


def _sealed(request: AccountRequest, field: CustomField, draft: Draft) -> str:
    found = {
        "filling": draft.filling.as_json(),
        "base": draft.base,
        "field": field.pk,
        "by": request.user.pk,
    }
    return signing.dumps(found, salt=SALT, compress=True)


def _opened(request: AccountRequest, field: CustomField) -> Draft:
    """Return the draft of a page.

    Raises: Http404: it is not ours, somebody else's, of another field, or too old.
    """
    try:
        found = signing.loads(request.POST.get("token", ""), salt=SALT, max_age=TERM_SECONDS)
    except signing.BadSignature:
        raise Http404 from None
    if (found["by"], found["field"]) != (request.user.pk, field.pk):
        raise Http404
    return Draft(Filling.of_json(found["filling"]), found["base"])


def _number(place: str, rules: list[ValueRule]) -> int | None:
    """Return the index that a button names, None for a new rule."""
    if place == NEW:
        return None
    if not (place.isascii() and place.isdigit() and len(place) < 4 and int(place) < len(rules)):
        raise Http404
    return int(place)


def _rearranged(rules: list[ValueRule], answer: Any) -> tuple[list[ValueRule], str]:
    """Return the rules after a button was pressed, and where the rule is that it moved."""
    if "remove" in answer and (number := _number(answer["remove"], rules)) is not None:
        del rules[number]
    for name, step in (("up", -1), ("down", 1)):
        number = _number(answer[name], rules) if name in answer else None
        if number is not None and 0 <= number + step < len(rules):
            rules[number], rules[number + step] = rules[number + step], rules[number]
            return rules, str(number + step)
    return rules, ""


def _values_table(field: CustomField, found: FillingPreview) -> Table:
    return Table(
        caption=_("Devices by value"),
        columns=columns(_("Value"), _("Devices"), numbers=[1]),
        rows=[
            [custom_fields.text_of(field, value) or _("no value"), number_text(number)]
            for value, number in found.by_value
        ],
    )


def _rules_table(field: CustomField, filling: Filling, found: FillingPreview) -> Table:
    places = Places()
    rows: list[list[Any]] = [
        [
            str(place + 1),
            described(rule, places),
            custom_fields.text_of(field, rule.value) or NOTHING,
            number_text(found.by_rule.get(place, 0)),
        ]
        for place, rule in enumerate(filling.rules)
    ]
    otherwise = custom_fields.text_of(field, filling.otherwise) or NOTHING
    rows.append([_("Otherwise"), NOTHING, otherwise, number_text(found.unmatched)])
    return Table(
        caption=_("Devices that each rule takes"),
        columns=columns(_("Place"), _("Conditions"), _("Value"), _("Devices"), numbers=[3]),
        rows=rows,
    )
