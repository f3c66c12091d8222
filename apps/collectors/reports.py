"""What collectors report on themselves."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from apps.collectors.choices import CollectorEventType
from apps.devices.models.links import context_link, device_link
from apps.devices.querysets import DeviceEventQuerySet
from apps.events.models import PunctualEvent


class CollectorEvent(PunctualEvent):
    """One thing that happened to a collector, told by itself."""

    device = device_link()
    context = context_link()
    type = models.CharField(
        _("what"), max_length=24, choices=CollectorEventType, help_text=_("What happened.")
    )
    details = models.CharField(  # noqa: DJ001 - unknown is null
        _("details"),
        max_length=255,
        null=True,
        blank=True,
        help_text=_("Which probe, which version, which code."),
    )
    number_of_records = models.BigIntegerField(
        _("records"), null=True, blank=True, help_text=_("How many records it is about.")
    )
    cpu_usage_ratio = models.FloatField(
        _("CPU usage"),
        null=True,
        blank=True,
        help_text=_("Of the collector, 1.0 is one processor."),
    )
    memory_bytes = models.BigIntegerField(
        _("memory"), null=True, blank=True, help_text=_("Of the collector.")
    )
    traffic_bytes = models.BigIntegerField(
        _("traffic"), null=True, blank=True, help_text=_("Sent since the report before.")
    )
    clock_offset_ms = models.BigIntegerField(
        _("clock offset"), null=True, blank=True, help_text=_("Server's minus device's clock.")
    )

    objects = DeviceEventQuerySet.as_manager()

    class Meta:
        verbose_name = _("collector event")
        verbose_name_plural = _("collector events")
        indexes = [
            # Nearly all rows are heartbeats of health; nobody looks for one of them by its type.
            models.Index(
                name="collectors_event_type",
                fields=["type", "occurred_at"],
                condition=~Q(type=CollectorEventType.HEALTH),
            )
        ]

    def __str__(self) -> str:
        return f"{self.occurred_at:%Y-%m-%d %H:%M}"
