"""Performance of a device: 5-minute buckets, and days derived from them."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.devices.metrics import PERFORMANCE
from apps.devices.models.links import context_link, device_link
from apps.devices.querysets import DeviceEventQuerySet
from apps.events.metrics import metric_columns
from apps.events.models import DailyEvent, SampledEvent


class _Facts(models.Model):
    """Plain fields of a bucket: the last value counts."""

    device = device_link()
    context = context_link()
    number_of_logical_processors = models.IntegerField(
        null=True, blank=True, help_text=_("Logical processors.")
    )
    installed_memory_bytes = models.BigIntegerField(
        null=True, blank=True, help_text=_("Installed memory.")
    )

    class Meta:
        abstract = True


class PerformanceSample(SampledEvent, _Facts, metric_columns("PerformanceColumns", PERFORMANCE)):  # type: ignore[misc]
    """One device in 5 minutes."""

    objects = DeviceEventQuerySet.as_manager()

    class Meta:
        verbose_name = _("performance sample")
        verbose_name_plural = _("performance samples")

    def __str__(self) -> str:
        return f"{self.bucket:%Y-%m-%d %H:%M}"


class PerformanceDaily(
    DailyEvent,
    _Facts,
    metric_columns("PerformanceDailyColumns", PERFORMANCE, daily=True),  # type: ignore[misc]
):
    """One device on one day of the instance's zone."""

    objects = DeviceEventQuerySet.as_manager()

    class Meta:
        verbose_name = _("daily performance")
        verbose_name_plural = _("daily performance")

    def __str__(self) -> str:
        return f"{self.bucket:%Y-%m-%d}"
