"""Sessions by quarters of an hour and by days."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.devices.models.links import context_link, device_link
from apps.devices.querysets import DeviceEventQuerySet
from apps.events.metrics import metric_columns
from apps.events.models import DailyEvent, SampledEvent
from apps.users.choices import SessionProtocol
from apps.users.metrics import SESSION
from apps.users.models.links import session_id, user_link


class _Use(models.Model):
    """Who was logged in where."""

    device = device_link()
    context = context_link()
    user = user_link()
    session_protocol = models.CharField(  # noqa: DJ001 - unknown is null
        _("protocol"),
        max_length=8,
        choices=SessionProtocol,
        null=True,
        blank=True,
        help_text=_("Protocol of the session, the last one of the time."),
    )

    class Meta:
        abstract = True


class SessionSample(SampledEvent, _Use, metric_columns("SessionColumns", SESSION)):  # type: ignore[misc]
    """One session in 15 minutes."""

    session_id = session_id()

    objects = DeviceEventQuerySet.as_manager()

    class Meta:
        verbose_name = _("session sample")
        verbose_name_plural = _("session samples")

    def __str__(self) -> str:
        return f"{self.bucket:%Y-%m-%d %H:%M}"


class SessionDaily(  # type: ignore[misc]
    DailyEvent,
    _Use,
    metric_columns("SessionDailyColumns", SESSION, daily=True),  # type: ignore[misc]
):
    """The sessions of one user on one device on one day of the instance's zone."""

    objects = DeviceEventQuerySet.as_manager()

    class Meta:
        verbose_name = _("daily sessions")
        verbose_name_plural = _("daily sessions")

    def __str__(self) -> str:
        return f"{self.bucket:%Y-%m-%d}"
