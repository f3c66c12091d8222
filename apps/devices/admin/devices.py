"""The list of devices and the page of one; facts are read-only."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import URLPattern, path, reverse
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from apps.accounts.http import AccountRequest
from apps.core import clock
from apps.core.admin import CompletionFilter, DetailAdmin, Visit
from apps.core.admin.columns import Column
from apps.core.admin.detail import bound, change_url, own_name
from apps.core.admin.values import (
    Fact,
    Section,
    absolute_text,
    moment_html,
    relative_text,
)
from apps.core.formats import bytes_text
from apps.core.http import ScopedRequest
from apps.devices import own_panels, panels, services
from apps.devices.admin.filters import AttentionFilter, SeenFilter
from apps.devices.admin.placing import PlacingMixin
from apps.devices.facts import head_facts, model_text
from apps.devices.models import Device
from apps.organization.values_filter import CustomFieldFilter
from apps.organization.values_page import CustomValuesMixin

__all__ = ["own_panels"]  # imported for what it registers


@admin.register(Device)
class DeviceAdmin(CustomValuesMixin, PlacingMixin, DetailAdmin):
    """Devices of the account's view domain."""

    detail_template = "admin/devices/device.html"
    is_timeline = True
    fill_action = "manage"
    empty_text = _(
        "No device has enrolled yet, or none in your view domain. Make an enrolment key under "
        "Collection, then install the collector with it; the start page shows how."
    )

    list_display: Sequence[Any] = [
        "entity",
        "model_label",
        "hardware_type",
        "system",
        "memory",
        "seen",
    ]
    list_filter = [
        AttentionFilter,
        SeenFilter,
        "operating_system_platform",
        "hardware_type",
        ("entity", CompletionFilter),
        "kind",
        "inventory_state",
        "is_entity_pinned",
        "location_country",
        "location_site",
        "location_type",
        "connectivity_last_connectivity_type",
        "is_simulated",
        CustomFieldFilter,
    ]
    search_fields = [
        "name",
        "uid",
        "hardware_model",
        "hardware_machine_serial_number",
        "hardware_chassis_serial_number",
        "hardware_bios_serial_number",
    ]
    search_help_text = _("Search by name, serial number, id or model")
    ordering = ["-last_seen_at", "-pk"]
    list_per_page = 50
    show_full_result_count = False

    @display(description=_("Model"), ordering="hardware_model")
    def model_label(self, device: Device) -> str:
        """Return maker and model."""
        return model_text(device)

    @display(description=_("Operating system"), ordering="operating_system_name")
    def system(self, device: Device) -> str:
        """Return edition and release."""
        return device.operating_system_name or device.get_operating_system_platform_display()

    @display(description=_("Memory"), ordering="hardware_memory_bytes")
    def memory(self, device: Device) -> str:
        """Return the installed memory."""
        return bytes_text(device.hardware_memory_bytes)

    @display(description=_("Last seen"), ordering="last_seen_at")
    def seen(self, device: Device) -> str:
        """Return when data came last."""
        return moment_html(device.last_seen_at, clock.now())

    def get_list_display(self, request: ScopedRequest) -> Sequence[Column]:
        """Begin with the name that the caller may see, end with what upper apps add."""
        now = clock.now()
        added = [_list_column(column, now) for column in panels.columns()]
        return [
            own_name(Device, request.scope, _("Name")),
            *super().get_list_display(request),
            *added,
        ]

    def get_queryset(self, request: ScopedRequest) -> QuerySet[Any]:
        """Read entity and the relations of added columns in the same query."""
        paths = [column.path for column in panels.columns()]
        return super().get_queryset(request).select_related("entity", *paths)

    def facts(self, obj: Device, visit: Visit) -> Sequence[Fact]:
        """Return what stands at the head."""
        return head_facts(obj, visit)

    def sections(self, obj: Device, visit: Visit) -> Sequence[Section]:
        """Return the panels of all apps."""
        return panels.sections(obj, visit)

    def opened(self, request: AccountRequest, obj: Device, visit: Visit) -> None:
        """Record who looks, and have the device report more often."""
        services.open_device(device=obj, actor=request.user, now=visit.now, also=visit.seen)
        panels.keep_open(obj.pk)

    def extra(self, obj: Device, visit: Visit) -> dict[str, Any]:
        """Return the live line."""
        return live_context(obj, obj.last_seen_at)

    def get_urls(self) -> list[URLPattern]:
        """Add the fragment of the live line."""
        live = path(
            "<path:object_id>/last-data/",
            self.admin_site.admin_view(self.last_data),
            name="devices_device_last_data",
        )
        return [live, *super().get_urls()]

    def last_data(self, request: Any, object_id: str) -> HttpResponse:
        """Answer the live line of an open page; the page counts as looked at."""
        device = self.found(request, object_id)
        panels.keep_open(device.pk)
        shown = parse_moment(request.GET.get("shown", ""))
        context = live_context(device, shown or device.last_seen_at)
        return render(request, "admin/devices/_last_data.html", context)


def _list_column(column: panels.ListColumn, now: datetime) -> Column:
    return bound(column.name, column.title, lambda device: column.value(device, now))


def live_context(device: Device, shown: datetime) -> dict[str, Any]:
    """Return what the live line needs. shown: last data that the page tells of."""
    address = reverse("admin:devices_device_last_data", args=[device.pk])
    return {
        "last_seen": device.last_seen_at,
        "last_seen_text": moment_text(device.last_seen_at),
        "live_url": f"{address}?shown={shown.isoformat().replace('+', '%2B')}",
        "page_url": change_url(device),
        "has_newer": device.last_seen_at > shown,
    }


def parse_moment(text: str) -> datetime | None:
    """Return an instant of the address, None for anything else; a "+" may have become a blank."""
    try:
        moment = parse_datetime(text.replace(" ", "+"))
    except ValueError:
        return None
    return moment if moment is not None and moment.tzinfo is not None else None


def moment_text(moment: datetime) -> str:
    """Return a moment in one line."""
    return f"{relative_text(moment, clock.now())} ({absolute_text(moment)})"
