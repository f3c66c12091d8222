"""Virtual and remote sessions: only where `virtual_session_metrics` is on, which no preset has."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.devices.choices import DesktopBroker
from apps.devices.models.links import context_link, device_link
from apps.devices.querysets import DeviceEventQuerySet
from apps.events.metrics import metric_columns
from apps.events.models import DailyEvent, PunctualEvent, SampledEvent
from apps.users.metrics import VDI
from apps.users.models.links import client_ip, client_name, protocol, session_id, user_link


class VdiSession(PunctualEvent):
    """One remote session; `occurred_at` is its start."""

    device = device_link()
    context = context_link()
    user = user_link()
    end_time_at = models.DateTimeField(
        _("end"), null=True, blank=True, help_text=_("End of the session; none while open.")
    )
    session_id = session_id()
    protocol = protocol()
    client_name = client_name()
    client_ip = client_ip()
    client_version = models.CharField(  # noqa: DJ001 - absent is null (data-model.md 1.2)
        _("client version"),
        max_length=255,
        null=True,
        blank=True,
        help_text=_("Version of the client."),
    )
    client_version_key = ArrayField(models.BigIntegerField(), null=True, blank=True, editable=False)
    desktop_pool = models.CharField(  # noqa: DJ001 - absent is null
        _("desktop pool"), max_length=255, null=True, blank=True, help_text=_("Pool of desktops.")
    )
    broker = models.CharField(  # noqa: DJ001 - absent is null
        _("broker"),
        max_length=32,
        choices=DesktopBroker,
        null=True,
        blank=True,
        help_text=_("What hands out the desktops."),
    )

    objects = DeviceEventQuerySet.as_manager()

    class Meta:
        verbose_name = _("remote session")
        verbose_name_plural = _("remote sessions")

    def __str__(self) -> str:
        return f"{self.occurred_at:%Y-%m-%d %H:%M}"


class _Connection(models.Model):
    """Whose remote session on which device."""

    device = device_link()
    context = context_link()
    user = user_link()
    session_id = session_id()

    class Meta:
        abstract = True


class VdiSample(SampledEvent, _Connection, metric_columns("VdiColumns", VDI)):  # type: ignore[misc]
    """Network performance of one remote session in 5 minutes."""

    objects = DeviceEventQuerySet.as_manager()

    class Meta:
        verbose_name = _("remote session sample")
        verbose_name_plural = _("remote session samples")

    def __str__(self) -> str:
        return f"{self.bucket:%Y-%m-%d %H:%M}"


class VdiRealtime(SampledEvent, _Connection, metric_columns("VdiRealtimeColumns", VDI)):  # type: ignore[misc]
    """The same in 30 seconds, kept for two days and never rolled up."""

    objects = DeviceEventQuerySet.as_manager()

    class Meta:
        verbose_name = _("remote session, real time")
        verbose_name_plural = _("remote sessions, real time")

    def __str__(self) -> str:
        return f"{self.bucket:%Y-%m-%d %H:%M:%S}"


class VdiDaily(  # type: ignore[misc]
    DailyEvent,
    _Connection,
    metric_columns("VdiDailyColumns", VDI, daily=True),  # type: ignore[misc]
):
    """Network performance of one remote session on one day of the instance's zone."""

    objects = DeviceEventQuerySet.as_manager()

    class Meta:
        verbose_name = _("daily remote sessions")
        verbose_name_plural = _("daily remote sessions")

    def __str__(self) -> str:
        return f"{self.bucket:%Y-%m-%d}"
