"""Administration of devices: facts are read-only."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import URLPattern, path, reverse
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from apps.accounts.http import AccountRequest
from apps.core import clock
from apps.core.admin import CompletionFilter, DetailAdmin, DetailMixin, EventAdmin, Visit
from apps.core.admin.columns import Column
from apps.core.admin.detail import bound, change_url, linked, object_link, own_name
from apps.core.admin.events import time_of
from apps.core.admin.values import (
    Fact,
    Section,
    absolute_text,
    moment_html,
    relative_text,
    yes_no,
)
from apps.core.formats import bytes_text, duration_text, ratio_text
from apps.core.http import ScopedRequest
from apps.devices import own_panels, panels, services
from apps.devices.facts import head_facts, mean, measure_text, metric_table, model_text
from apps.devices.metrics import PERFORMANCE
from apps.devices.models import Boot, Device, PerformanceDaily, PerformanceSample

__all__ = ["own_panels"]  # imported for what it registers


class SeenFilter(admin.SimpleListFilter):
    """When a device last reported."""

    title = _("last data")
    parameter_name = "seen"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Offer spans of time."""
        return [
            ("1h", _("Within an hour")),
            ("24h", _("Within 24 hours")),
            ("7d", _("Within 7 days")),
            ("silent", _("Silent for over 7 days")),
        ]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        """Keep the devices of the chosen span."""
        now = clock.now()
        spans = {"1h": timedelta(hours=1), "24h": timedelta(days=1), "7d": timedelta(days=7)}
        if self.value() == "silent":
            return queryset.silent_since(now - spans["7d"])
        if self.value() in spans:
            return queryset.filter(last_seen_at__gte=now - spans[str(self.value())])
        return queryset


@admin.register(Device)
class DeviceAdmin(DetailAdmin):
    """Devices of the account's view domain."""

    detail_template = "admin/devices/device.html"
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
        SeenFilter,
        "operating_system_platform",
        "hardware_type",
        ("entity", CompletionFilter),
        "is_simulated",
    ]
    search_fields = ["name", "uid", "hardware_model"]
    search_help_text = _("Search by name, id or model")
    ordering = ["-last_seen_at", "-pk"]
    list_per_page = 50
    show_full_result_count = False
    actions = None

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


class DeviceEventAdmin(DetailMixin, EventAdmin):
    """Rows of an event table of devices, each with its device as a link and a readable page."""

    list_select_related: Sequence[str] = ["device"]
    metrics: dict[str, Any] = {}
    is_daily = False

    @display(description=_("When"))
    def moment(self, row: Any) -> str:
        """Return when it was."""
        return moment_html(time_of(row), clock.now())

    def links(self) -> dict[str, Any]:
        """Return the relations shown as links, by their heads."""
        return {"device": _("Device")}

    def get_list_display(self, request: ScopedRequest) -> Sequence[Column]:
        """Show time and links first."""
        links = [linked(request.scope, title, name) for name, title in self.links().items()]
        return ["moment", *links, *super().get_list_display(request)]

    def get_list_display_links(self, request: Any, list_display: Any) -> Any:
        """Open a row by its time."""
        return ["moment"]

    def facts(self, obj: Any, visit: Visit) -> Sequence[Fact]:
        """Return time, links and the columns of the list."""
        links = [
            Fact(title, object_link(getattr(obj, name), visit.scope))
            for name, title in self.links().items()
        ]
        rest = [
            Fact(getattr(type(self), name).short_description, getattr(self, name)(obj))
            for name in self.list_display
        ]
        source = Fact(_("Reported by"), obj.get_source_display())
        return [Fact(_("When"), self.moment(obj)), *links, *rest, source]

    def sections(self, obj: Any, visit: Visit) -> Sequence[Section]:
        """Return all measured values."""
        if not self.metrics:
            return []
        tables = [metric_table(obj, self.metrics, daily=self.is_daily)]
        template = "admin/core/section_tables.html"
        return [
            Section("metrics", _("Measured values"), template, {"tables": tables}, is_wide=True)
        ]


@admin.register(Boot)
class BootAdmin(DeviceEventAdmin):
    """Starts of devices."""

    list_display = ["how", "duration", "updates"]

    @display(description=_("How"))
    def how(self, boot: Boot) -> str:
        """Return how the device came up."""
        return boot.get_type_display()

    @display(description=_("Duration"))
    def duration(self, boot: Boot) -> str:
        """Return how long it took."""
        return duration_text(boot.duration_ms)

    @display(description=_("Installed updates"))
    def updates(self, boot: Boot) -> str:
        """Return whether it installed updates."""
        return yes_no(boot.is_update_boot)


class _PerformanceAdmin(DeviceEventAdmin):
    """What samples and days show alike."""

    list_display = ["processor", "used_memory", "read_latency", "write_latency", "system_drive"]
    metrics = PERFORMANCE

    @display(description=_("Processor"))
    def processor(self, row: Any) -> str:
        """Return the share of all processors in use, on average."""
        return ratio_text(mean(row, "normalized_cpu_usage_ratio"))

    @display(description=_("Memory in use"))
    def used_memory(self, row: Any) -> str:
        """Return the memory in use, on average."""
        return bytes_text(mean(row, "used_memory_bytes"))

    @display(description=_("Read latency"))
    def read_latency(self, row: Any) -> str:
        """Return the latency of a read, on average."""
        return measure_text("_ms", mean(row, "disk_read_latency_ms"))

    @display(description=_("Write latency"))
    def write_latency(self, row: Any) -> str:
        """Return the latency of a write, on average."""
        return measure_text("_ms", mean(row, "disk_write_latency_ms"))

    @display(description=_("Free on the system's drive"))
    def system_drive(self, row: Any) -> str:
        """Return the free space, on average."""
        return bytes_text(mean(row, "system_drive_free_space_bytes"))


@admin.register(PerformanceSample)
class PerformanceSampleAdmin(_PerformanceAdmin):
    """Buckets of 5 minutes."""


@admin.register(PerformanceDaily)
class PerformanceDailyAdmin(_PerformanceAdmin):
    """Days, derived from the buckets."""

    is_daily = True
    empty_text = _(
        "No day was rolled up in this time. A day is summed up an hour after it ends; choose a "
        "longer time."
    )
