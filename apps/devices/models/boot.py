"""Boots: when a device came up, and how long that took."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.devices.choices import BootType
from apps.devices.models.links import context_link, device_link
from apps.devices.querysets import DeviceEventQuerySet
from apps.events.models import PunctualEvent


class Boot(PunctualEvent):
    """One start of a device."""

    device = device_link()
    context = context_link()
    type = models.CharField(
        max_length=16, choices=BootType, default=BootType.FULL_BOOT, help_text=_("How it came up.")
    )
    duration_ms = models.BigIntegerField(
        _("duration"),
        null=True,
        blank=True,
        help_text=_("Power-on to login screen or service target."),
    )
    number_of_boots = models.IntegerField(default=1, db_default=1, help_text=_("1 in each row."))
    is_update_boot = models.BooleanField(
        null=True, blank=True, help_text=_("It installed updates.")
    )

    objects = DeviceEventQuerySet.as_manager()

    class Meta:
        verbose_name = _("boot")
        verbose_name_plural = _("boots")

    def __str__(self) -> str:
        return f"{self.occurred_at:%Y-%m-%d %H:%M}"
