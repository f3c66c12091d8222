"""The fleet in numbers."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.devices.choices import HardwareType, Platform
from apps.devices.querysets import FleetNowQuerySet


class FleetNow(models.Model):
    """How many devices of one sort an entity has, itself alone, without those below it.

    Overwritten by `fleet_now.refresh` every few minutes.
    """

    entity = models.ForeignKey(
        "organization.Entity", on_delete=models.CASCADE, related_name="+", verbose_name=_("entity")
    )
    platform = models.CharField(
        _("platform"), max_length=16, choices=Platform, help_text=_("Operating system family.")
    )
    hardware_type = models.CharField(
        _("type"), max_length=16, choices=HardwareType, blank=True, help_text=_("Form factor.")
    )
    devices = models.PositiveIntegerField(_("devices"), help_text=_("Devices of this sort."))
    active_day = models.PositiveIntegerField(
        _("active in 24 hours"), help_text=_("Of these, which sent data within 24 hours.")
    )
    active_week = models.PositiveIntegerField(
        _("active in 7 days"), help_text=_("Of these, which sent data within 7 days.")
    )

    objects = FleetNowQuerySet.as_manager()

    class Meta:
        verbose_name = _("fleet in numbers")
        verbose_name_plural = _("fleet in numbers")
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["entity", "platform", "hardware_type"], name="devices_fleetnow_key"
            )
        ]

    def __str__(self) -> str:
        return f"{self.entity_id}: {self.platform} {self.hardware_type}"
