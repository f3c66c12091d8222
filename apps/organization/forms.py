"""Forms of the tree."""

from typing import Any

from django import forms
from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from apps.core.admin.autocomplete import CompletedSelectMultiple
from apps.organization.grants import ACTIONS
from apps.organization.models import Entity, EntityGroupPermission, ViewDomain


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
