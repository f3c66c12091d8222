"""Changes of a device's inventory."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.devices.choices import ChangeProperty
from apps.devices.models.links import context_link, device_link
from apps.devices.querysets import DeviceEventQuerySet
from apps.events.models import PunctualEvent

VALUE_LENGTH = 255  # characters; a longer value is cut


class DeviceChange(PunctualEvent):
    """One inventory value that differs from the report before.

    Written by `changes.record`, in the transaction that changes the value; no collector sends it.
    """

    device = device_link()
    context = context_link()
    property = models.CharField(
        _("what"), max_length=24, choices=ChangeProperty, help_text=_("What about the device.")
    )
    item = models.CharField(
        _("item"), max_length=64, help_text=_("Which field or list of the inventory.")
    )
    old_value = models.CharField(
        _("before"), max_length=VALUE_LENGTH, blank=True, help_text=_("Empty: it is new.")
    )
    new_value = models.CharField(
        _("after"), max_length=VALUE_LENGTH, blank=True, help_text=_("Empty: it is gone.")
    )
    number_of_changes = models.IntegerField(
        default=1, db_default=1, help_text=_("1, or how many one row stands for.")
    )

    objects = DeviceEventQuerySet.as_manager()

    class Meta:
        verbose_name = _("device change")
        verbose_name_plural = _("device changes")

    def __str__(self) -> str:
        return f"{self.occurred_at:%Y-%m-%d %H:%M}"
