"""The situation of a device at the time of an event."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.devices.choices import LocationType, Platform


class Context(models.Model):
    """One situation: entity, location and platform; shared by all events that happened in it.

    Written by `services.context_of` and never removed: events have no index by which to find out
    that the last one of a situation is gone. So its entity is kept for good (`organization.uses`).
    """

    entity = models.ForeignKey("organization.Entity", on_delete=models.PROTECT)
    location_country = models.CharField(
        max_length=64, blank=True, help_text=_("Country at that time.")
    )
    location_state = models.CharField(max_length=64, blank=True, help_text=_("State at that time."))
    location_city = models.CharField(max_length=64, blank=True, help_text=_("City at that time."))
    location_site = models.CharField(max_length=64, blank=True, help_text=_("Site at that time."))
    location_type = models.CharField(
        max_length=8,
        choices=LocationType,
        default=LocationType.UNKNOWN,
        help_text=_("On site or remote."),
    )
    device_platform = models.CharField(
        max_length=16, choices=Platform, help_text=_("Operating system family.")
    )

    class Meta:
        verbose_name = _("context")
        verbose_name_plural = _("contexts")
        constraints = [
            models.UniqueConstraint(
                name="devices_context_key",
                fields=[
                    "entity",
                    "location_country",
                    "location_state",
                    "location_city",
                    "location_site",
                    "location_type",
                    "device_platform",
                ],
            )
        ]

    def __str__(self) -> str:
        return f"{self.entity_id} {self.device_platform}"
