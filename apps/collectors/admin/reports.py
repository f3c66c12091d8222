"""What collectors reported on themselves."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from apps.collectors.models import CollectorEvent
from apps.collectors.report_panels import type_badge
from apps.core.admin.events import WindowFilter
from apps.core.admin.values import number_text
from apps.core.formats import NOTHING, bytes_text, duration_text, ratio_text
from apps.devices.admin import DeviceEventAdmin


@admin.register(CollectorEvent)
class CollectorEventAdmin(DeviceEventAdmin):
    """Events of collectors."""

    list_display = ["what", "about", "records", "cpu", "memory", "traffic", "clock_offset"]
    list_filter = [WindowFilter, "type"]

    @display(description=_("What"))
    def what(self, event: CollectorEvent) -> str:
        """Return what happened."""
        return type_badge(event)

    @display(description=_("Details"))
    def about(self, event: CollectorEvent) -> str:
        """Return the details."""
        return event.details or NOTHING

    @display(description=_("Records"))
    def records(self, event: CollectorEvent) -> str:
        """Return how many records it is about."""
        return number_text(event.number_of_records)

    @display(description=_("CPU"))
    def cpu(self, event: CollectorEvent) -> str:
        """Return the collector's use of a processor."""
        return ratio_text(event.cpu_usage_ratio)

    @display(description=_("Memory"))
    def memory(self, event: CollectorEvent) -> str:
        """Return the collector's memory."""
        return bytes_text(event.memory_bytes)

    @display(description=_("Sent"))
    def traffic(self, event: CollectorEvent) -> str:
        """Return what it sent."""
        return bytes_text(event.traffic_bytes)

    @display(description=_("Clock offset"))
    def clock_offset(self, event: CollectorEvent) -> str:
        """Return the server's minus the device's clock."""
        return duration_text(event.clock_offset_ms)
