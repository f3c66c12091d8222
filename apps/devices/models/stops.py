"""Sleeps, system crashes and hard resets: how a device stops, other than by being shut down."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.devices.models.links import context_link, device_link
from apps.devices.querysets import DeviceEventQuerySet
from apps.events.models import PunctualEvent


class Sleep(PunctualEvent):
    """One sleep of a device, from suspend to resume."""

    device = device_link()
    context = context_link()
    duration_ms = models.BigIntegerField(
        _("duration"), null=True, blank=True, help_text=_("Suspend to resume.")
    )
    number_of_sleeps = models.IntegerField(default=1, db_default=1, help_text=_("1 in each row."))

    objects = DeviceEventQuerySet.as_manager()

    class Meta:
        verbose_name = _("sleep")
        verbose_name_plural = _("sleeps")

    def __str__(self) -> str:
        return f"{self.occurred_at:%Y-%m-%d %H:%M}"


class SystemCrash(PunctualEvent):
    """One crash of a device's operating system: a blue screen, a kernel panic."""

    device = device_link()
    context = context_link()
    error_code = models.BigIntegerField(
        _("error code"), null=True, blank=True, help_text=_("Code of the bug check or panic.")
    )
    error_code_hexadecimal = models.CharField(  # noqa: DJ001 - unknown is null
        _("error code, hexadecimal"),
        max_length=18,
        null=True,
        blank=True,
        help_text=_("The same, as makers write it."),
    )
    label = models.CharField(  # noqa: DJ001 - unknown is null
        _("label"), max_length=64, null=True, blank=True, help_text=_("Symbolic name of the code.")
    )
    number_of_system_crashes = models.IntegerField(
        default=1, db_default=1, help_text=_("1 in each row.")
    )

    objects = DeviceEventQuerySet.as_manager()

    class Meta:
        verbose_name = _("system crash")
        verbose_name_plural = _("system crashes")

    def __str__(self) -> str:
        return f"{self.occurred_at:%Y-%m-%d %H:%M}"


class HardReset(PunctualEvent):
    """One start of a device with neither a clean stop nor a crash before it."""

    device = device_link()
    context = context_link()
    number_of_hard_resets = models.IntegerField(
        default=1, db_default=1, help_text=_("1 in each row.")
    )

    objects = DeviceEventQuerySet.as_manager()

    class Meta:
        verbose_name = _("hard reset")
        verbose_name_plural = _("hard resets")

    def __str__(self) -> str:
        return f"{self.occurred_at:%Y-%m-%d %H:%M}"
