"""Decisions about devices by hand: entity and tag, and a custom field of a selection."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.decorators import action

from apps.core import clock
from apps.core.admin import DetailMixin, Visit
from apps.core.admin.autocomplete import CompletedSelect
from apps.core.admin.detail import change_url, list_url
from apps.core.admin.values import Button
from apps.core.errors import DomainError
from apps.devices import by_hand
from apps.devices.models import Device
from apps.devices.querysets import DeviceQuerySet
from apps.organization import custom_fields
from apps.organization.choices import FieldTarget
from apps.organization.models import CustomField, Entity

PERMISSION = "devices.manage_device"
NAMED = 20  # devices whose names the question lists

Values = dict[str, Any]


class Answer(forms.Form):
    """What a decision asks for: nothing, where it asks for no more than yes."""

    def __init__(self, *args: Any, scope: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.scope = scope


class EntityChoice(Answer):
    """Where devices shall go: an entity whose devices the caller manages."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        seen = Entity.objects.permitted_to(self.scope)
        self.fields["entity"] = forms.ModelChoiceField(
            label=_("Entity"),
            queryset=Entity.objects.permitted_to(self.scope, "manage"),
            widget=CompletedSelect(
                Device._meta.get_field("entity"),
                admin.site,
                labels=seen.trails,
                placeholder=_("Type the name of an entity"),
            ),
        )


class TagText(Answer):
    """A free label, empty for none."""

    tag = forms.CharField(
        label=_("Configuration tag"),
        max_length=by_hand.TAG_LENGTH,
        required=False,
        help_text=_("Leave it empty to take the tag away."),
    )


class FieldValue(Answer):
    """A custom field that people fill and the caller may see, and what it shall hold."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        seen = [field.pk for field in custom_fields.writable(FieldTarget.DEVICE, self.scope)]
        self.fields["field"] = forms.ModelChoiceField(
            label=_("Field"),
            queryset=CustomField.objects.about(FieldTarget.DEVICE).filter(pk__in=seen),
            help_text=_("Fields that rules fill are not among them: their rules decide."),
        )
        self.fields["value"] = forms.CharField(
            label=_("Value"),
            required=False,
            help_text=_("Leave it empty to take the value away."),
        )

    def clean(self) -> dict[str, Any]:
        """Read the value as the field's type wants it."""
        values: dict[str, Any] = super().clean() or {}
        if field := values.get("field"):
            try:
                values["parsed"] = custom_fields.parse(field, values.get("value", ""))
            except custom_fields.ValueRefused as error:
                self.add_error("value", str(error))
        return values


@dataclass(frozen=True, slots=True)
class Decision:
    """One change by hand: how it asks, and the service that does it."""

    title: str | Promise
    form: type[Answer]
    consequences: Sequence[str | Promise]
    do: Callable[[DeviceQuerySet, Values, Any, datetime], int]


def _move(devices: DeviceQuerySet, values: Values, request: Any, now: datetime) -> int:
    return by_hand.move_by_hand(
        devices=devices,
        entity=values["entity"],
        scope=request.scope,
        actor=request.user,
        now=now,
    )


def _release(devices: DeviceQuerySet, values: Values, request: Any, now: datetime) -> int:
    return by_hand.release(devices=devices, scope=request.scope, actor=request.user, now=now)


def _tag(devices: DeviceQuerySet, values: Values, request: Any, now: datetime) -> int:
    return by_hand.set_configuration_tag(
        devices=devices, tag=values["tag"], scope=request.scope, actor=request.user, now=now
    )


def _value(devices: DeviceQuerySet, values: Values, request: Any, now: datetime) -> int:
    return by_hand.set_custom_value(
        devices=devices,
        field=values["field"],
        value=values["parsed"],
        scope=request.scope,
        actor=request.user,
        now=now,
    )


DECISIONS = {
    "move": Decision(
        _("Move to an entity"),
        EntityChoice,
        [
            _("The rules leave the devices there until you give them back."),
            _("Their history moves with them: who sees the entity sees it from now on."),
        ],
        _move,
    ),
    "release": Decision(
        _("Give back to the rules"),
        Answer,
        [_("The rules place the devices at once. Devices that nobody moved stay as they are.")],
        _release,
    ),
    "tag": Decision(
        _("Set the configuration tag"),
        TagText,
        [_("Rules that read the tag apply at once.")],
        _tag,
    ),
    "field": Decision(_("Set a custom field"), FieldValue, [], _value),
}
# What the page of one device offers; there a form has all its custom fields.
ICONS = {"move": "drive_file_move", "release": "undo", "tag": "sell"}


class PlacingMixin(DetailMixin):
    """Actions on the list, and buttons on the page of a device, that decide by hand."""

    actions: Sequence[str] | None = [
        "move_devices",
        "release_devices",
        "tag_devices",
        "fill_devices",
    ]

    def has_manage_permission(self, request: Any) -> bool:
        """Ask for the permission; which devices it concerns the service asks."""
        return PERMISSION in request.scope.permissions

    @action(description=_("Move to an entity"), permissions=["manage"])
    def move_devices(self, request: Any, queryset: DeviceQuerySet) -> HttpResponse:
        """Move the selected devices."""
        return self._decide(request, queryset, "move", action="move_devices")

    @action(description=_("Give back to the rules"), permissions=["manage"])
    def release_devices(self, request: Any, queryset: DeviceQuerySet) -> HttpResponse:
        """Give the selected devices back to the rules."""
        return self._decide(request, queryset, "release", action="release_devices")

    @action(description=_("Set the configuration tag"), permissions=["manage"])
    def tag_devices(self, request: Any, queryset: DeviceQuerySet) -> HttpResponse:
        """Tag the selected devices."""
        return self._decide(request, queryset, "tag", action="tag_devices")

    @action(description=_("Set a custom field"), permissions=["manage"])
    def fill_devices(self, request: Any, queryset: DeviceQuerySet) -> HttpResponse:
        """Write a custom field on the selected devices."""
        return self._decide(request, queryset, "field", action="fill_devices")

    def buttons(self, obj: Device, visit: Visit) -> Sequence[Button]:
        """Offer the decisions to those who manage the device. Cost: 1 query for them."""
        found = list(super().buttons(obj, visit))
        managed = Device.objects.permitted_to(visit.scope, "manage").filter(pk=obj.pk)
        if PERMISSION not in visit.scope.permissions or not managed.exists():
            return found
        for name, icon in ICONS.items():
            if name != "release" or obj.is_entity_pinned:
                address = reverse("admin:devices_device_decide", args=[obj.pk, name])
                found.append(Button(DECISIONS[name].title, address, icon))
        return found

    def get_urls(self) -> list[URLPattern]:
        """Add the pages of one device."""
        own = path(
            "<path:object_id>/decide/<slug:name>/",
            self.admin_site.admin_view(self.decide_view),
            name="devices_device_decide",
        )
        return [own, *super().get_urls()]

    def decide_view(self, request: Any, object_id: str, name: str) -> HttpResponse:
        """Decide about one device."""
        device = self.found(request, object_id)
        rows = Device.objects.filter(pk=device.pk)
        if name not in ICONS:
            raise Http404
        return self._decide(request, rows, name, about=device)

    def _decide(
        self,
        request: Any,
        rows: DeviceQuerySet,
        name: str,
        *,
        action: str = "",
        about: Device | None = None,
    ) -> HttpResponse:
        """Ask, and do it once the caller has answered."""
        managed = rows.permitted_to(request.scope, "manage").order_by("pk")
        if not self.has_manage_permission(request) or (about and not managed.exists()):
            raise PermissionDenied
        decision, back = DECISIONS[name], change_url(about) if about else list_url(Device)
        is_answer = request.method == "POST" and request.POST.get("confirmed") == "yes"
        initial = {"tag": about.configuration_tag} if about else {}
        form = decision.form(
            request.POST if is_answer else None, initial=initial, scope=request.scope
        )
        if is_answer and form.is_valid():
            try:
                number = decision.do(managed, form.cleaned_data, request, clock.now())
            except DomainError as error:
                self.message_user(request, str(error), messages.ERROR)
            else:
                text = ngettext("%d device changed.", "%d devices changed.", number) % number
                self.message_user(request, text, messages.SUCCESS)
            return HttpResponseRedirect(back)
        return self._ask(request, managed, decision, form, back, action, about)

    def _ask(
        self,
        request: Any,
        managed: DeviceQuerySet,
        decision: Decision,
        form: forms.Form,
        back: str,
        action: str,
        about: Device | None,
    ) -> HttpResponse:
        devices = list(managed[: by_hand.DEVICES_LIMIT + 1])
        if len(devices) > by_hand.DEVICES_LIMIT:
            self.message_user(request, str(by_hand.TooManyDevices()), messages.ERROR)
            return HttpResponseRedirect(back)
        hidden = [("action", action)] if action else []
        hidden += [(ACTION_CHECKBOX_NAME, str(row.pk)) for row in devices] if action else []
        context = {
            "title": decision.title,
            "decision": decision,
            "form": form,
            "media": self.media + form.media,
            "names": _names(devices, request.scope),
            "rest": max(len(devices) - NAMED, 0),
            "number": len(devices),
            "hidden": hidden,
            "back": back,
        }
        return self.page(request, about, "admin/devices/decide.html", context)


def _names(devices: Iterable[Device], scope: Any) -> list[str]:
    return [scope.label(device) for device in list(devices)[:NAMED]]
