"""Forms of the tree and of the rules."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from apps.core.admin.autocomplete import CompletedSelect, CompletedSelectMultiple
from apps.organization import sites
from apps.organization.choices import Matching, RuleFact, SiteType
from apps.organization.classification import CONDITIONS_LIMIT, Condition, Rule
from apps.organization.conditions import ConditionRefused, clean, text_of
from apps.organization.grants import ACTIONS
from apps.organization.models import (
    NAME_LENGTH,
    SITE_LENGTH,
    ClassificationRule,
    Entity,
    EntityGroupPermission,
    ViewDomain,
)
from apps.organization.places import Places
from apps.organization.sites import SiteRule

SITE_FIELDS = ("name", "type", "country", "state", "city", "is_active", "matching")
SPARE_ROWS = 3  # empty conditions at the end of the form


def indented(entity: Entity) -> str:
    """Return the name of an entity, moved to the right by its depth."""
    return "\N{EM SPACE}" * entity.depth + entity.name


class EntityForm(forms.ModelForm):
    """An entity's name and place."""

    class Meta:
        model = Entity
        fields = ["name", "parent"]

    def clean_parent(self) -> Entity | None:
        """Refuse a place below the entity itself, and none at all for all but the root."""
        parent: Entity | None = self.cleaned_data["parent"]
        if parent is None:
            raise forms.ValidationError(_("Choose the entity above."), code="required")
        if self.instance.pk and parent.path.startswith(self.instance.path):
            raise forms.ValidationError(_("An entity cannot be moved below itself."))
        return parent


def _entities(label: Any) -> forms.ModelMultipleChoiceField:
    """Return the field of one action; its page holds the chosen entities alone."""
    widget = CompletedSelectMultiple(
        EntityGroupPermission._meta.get_field("content_object"),
        admin.site,
        labels=lambda rows: Entity.objects.trails(rows),
        placeholder=_("Type the name of an entity"),
    )
    return forms.ModelMultipleChoiceField(
        label=label,
        required=False,
        widget=widget,
        queryset=Entity.objects.in_tree_order(),
        help_text=_("With everything below."),
    )


class ViewDomainForm(forms.ModelForm):
    """For each action the nodes on which a profile may do it, and all below them."""

    view_device = _entities(_("Sees the devices of"))
    act_on_device = _entities(_("Acts on the devices of"))
    manage_device = _entities(_("Manages the devices of"))

    class Meta:
        model = ViewDomain
        fields: list[str] = []

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        granted = EntityGroupPermission.objects.filter(group_id=self.instance.group_id)
        for action in ACTIONS:
            nodes = granted.filter(permission__codename=action)
            self.initial[action] = list(nodes.values_list("content_object_id", flat=True))


@dataclass(frozen=True, slots=True)
class Row:
    """One condition as it stands in the form, and what is wrong with it."""

    number: int
    fact: str = ""
    value: str = ""
    error: str = ""


class ConditionsForm(forms.Form):
    """Conditions of a rule: pairs of the fields `fact` and `value`; empty pairs are none.

    facts: what its conditions may read.
    """

    facts: Sequence[tuple[str, Any]] = RuleFact.choices
    matching = forms.ChoiceField(
        label=_("A device is taken if"), choices=Matching.choices, widget=forms.RadioSelect
    )

    def __init__(
        self,
        data: Any,
        *,
        places: Places,
        conditions: Iterable[Condition] = (),
        initial: dict[str, Any],
    ) -> None:
        super().__init__(data, initial=initial)
        self.places = places
        self.conditions: tuple[Condition, ...] = ()  # of a form that is sound
        self._typed = (
            list(zip(data.getlist("fact"), data.getlist("value"), strict=False))
            if data
            else [(part.fact, text_of(part, places)) for part in conditions]
        )
        self._errors_of_rows: dict[int, str] = {}

    @property
    def rows(self) -> list[Row]:
        """Return the conditions and some empty ones."""
        typed = [pair for pair in self._typed if any(pair)]
        room = min(len(typed) + SPARE_ROWS, CONDITIONS_LIMIT)
        typed += [("", "")] * (room - len(typed))
        return [
            Row(number, fact, value, self._errors_of_rows.get(number, ""))
            for number, (fact, value) in enumerate(typed, start=1)
        ]

    def clean(self) -> dict[str, Any]:
        """Read the conditions."""
        values: dict[str, Any] = super().clean() or {}
        found: list[Condition] = []
        typed = [pair for pair in self._typed if any(pair)]
        facts = [fact for fact, _label in self.facts]
        for number, (fact, value) in enumerate(typed, start=1):
            try:
                found.append(clean(fact, value, self.places, facts))
            except ConditionRefused as error:
                self._errors_of_rows[number] = str(error)
        self.conditions = tuple(found)
        if not typed:
            self.add_error(None, _("A rule has 1 to 20 conditions."))
        elif self._errors_of_rows:
            self.add_error(None, _("A condition is wrong; see below."))
        return values


class RuleForm(ConditionsForm):
    """One rule that classifies devices."""

    name = forms.CharField(label=_("Name"), max_length=NAME_LENGTH)
    is_active = forms.BooleanField(label=_("Active"), required=False)

    def __init__(self, data: Any, *, places: Places, rule: Rule | None = None) -> None:
        initial: dict[str, Any] = {"is_active": True, "matching": Matching.ALL}
        if rule:
            initial = {
                "name": rule.name,
                "entity": rule.entity_id,
                "is_active": rule.is_active,
                "matching": rule.matching,
            }
        conditions = rule.conditions if rule else ()
        super().__init__(data, places=places, conditions=conditions, initial=initial)
        self.fields["entity"] = forms.ModelChoiceField(
            label=_("Entity"),
            queryset=Entity.objects.all(),
            help_text=_("Where the devices go that the rule takes."),
            widget=CompletedSelect(
                ClassificationRule._meta.get_field("entity"),
                admin.site,
                labels=lambda rows: Entity.objects.trails(rows),
                placeholder=_("Type the name of an entity"),
            ),
        )

    @property
    def rule(self) -> Rule:
        """Return the rule that was typed; only of a form that is sound."""
        values = self.cleaned_data
        return Rule(
            name=values["name"],
            entity_id=values["entity"].pk,
            conditions=self.conditions,
            matching=values["matching"],
            is_active=values["is_active"],
        )


class SiteForm(ConditionsForm):
    """One site: where it is, and which devices are there."""

    facts = sites.FACTS
    name = forms.CharField(label=_("Name"), max_length=SITE_LENGTH)
    type = forms.ChoiceField(
        label=_("Type"),
        choices=SiteType.choices,
        help_text=_("Remote is what is none of your own places, such as the network of a VPN."),
    )
    country = forms.CharField(
        label=_("Country"),
        max_length=SITE_LENGTH,
        required=False,
        help_text=_("As devices elsewhere have it: looked up, it is the English name."),
    )
    state = forms.CharField(label=_("State"), max_length=SITE_LENGTH, required=False)
    city = forms.CharField(label=_("City"), max_length=SITE_LENGTH, required=False)
    is_active = forms.BooleanField(label=_("Active"), required=False)

    def __init__(self, data: Any, *, places: Places, rule: SiteRule | None = None) -> None:
        initial: dict[str, Any] = {"is_active": True, "matching": Matching.ANY}
        if rule:
            initial = {name: getattr(rule, name) for name in SITE_FIELDS}
        conditions = rule.conditions if rule else ()
        super().__init__(data, places=places, conditions=conditions, initial=initial)

    @property
    def place_fields(self) -> list[forms.BoundField]:
        """Return the fields that say what and where the site is."""
        return [self[name] for name in ("name", "type", "country", "state", "city")]

    @property
    def rule(self) -> SiteRule:
        """Return the site that was typed; only of a form that is sound."""
        values = {name: self.cleaned_data[name] for name in SITE_FIELDS}
        return SiteRule(conditions=self.conditions, **values)
