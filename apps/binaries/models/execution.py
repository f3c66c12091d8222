"""What programs used: quarters of an hour and days; and how they crashed."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.binaries.choices import CrashKind, CrashVisibility, PathRoot, Visibility
from apps.binaries.metrics import EXECUTION
from apps.devices.models.links import context_link, device_link
from apps.devices.querysets import DeviceEventQuerySet
from apps.events.links import event_link
from apps.events.metrics import metric_columns
from apps.events.models import DailyEvent, PunctualEvent, SampledEvent
from apps.users.models import user_link


class _Run(models.Model):
    """Who ran what where: the key of an execution row."""

    device = device_link()
    context = context_link()
    user = user_link()
    binary = event_link("binaries.Binary", verbose_name=_("binary"), help_text=_("Program."))
    highest_process_visibility = models.CharField(  # noqa: DJ001 - unknown is null
        max_length=10,
        choices=Visibility,
        null=True,
        blank=True,
        help_text=_("Most visible process."),
    )

    class Meta:
        abstract = True


class ExecutionSample(SampledEvent, _Run, metric_columns("ExecutionColumns", EXECUTION)):  # type: ignore[misc]
    """One binary run by one user on one device in 15 minutes; all its processes together."""

    objects = DeviceEventQuerySet.as_manager()

    class Meta:
        verbose_name = _("execution sample")
        verbose_name_plural = _("execution samples")

    def __str__(self) -> str:
        return f"{self.bucket:%Y-%m-%d %H:%M}"


class ExecutionDaily(  # type: ignore[misc]
    DailyEvent,
    _Run,
    metric_columns("ExecutionDailyColumns", EXECUTION, daily=True),  # type: ignore[misc]
):
    """One binary run by one user on one device on one day of the instance's zone."""

    objects = DeviceEventQuerySet.as_manager()

    class Meta:
        verbose_name = _("daily executions")
        verbose_name_plural = _("daily executions")
        # Days are written once, so this costs ingest nothing: it tells the days of one program,
        # and whether any day still refers to it.
        indexes = [models.Index(fields=["binary", "bucket"], name="binaries_executiondaily_binary")]

    def __str__(self) -> str:
        return f"{self.bucket:%Y-%m-%d}"


class ExecutionCrash(PunctualEvent):
    """Crashes of one binary on one device within one minute."""

    device = device_link()
    context = context_link()
    user = user_link()
    binary = event_link("binaries.Binary", verbose_name=_("binary"), help_text=_("Program."))
    number_of_crashes = models.IntegerField(
        _("crashes"), default=1, db_default=1, help_text=_("Crashes of that minute.")
    )
    crash_on_start = models.BooleanField(
        _("on start"), null=True, blank=True, help_text=_("Within 10 seconds of the start.")
    )
    process_visibility = models.CharField(  # noqa: DJ001 - unknown is null
        _("visibility"),
        max_length=10,
        choices=CrashVisibility,
        null=True,
        blank=True,
        help_text=_("Whether it had a window in the foreground."),
    )
    kind = models.CharField(  # noqa: DJ001
        _("kind"),
        max_length=16,
        choices=CrashKind,
        null=True,
        blank=True,
        help_text=_("How it ended."),
    )
    binary_path = models.CharField(  # noqa: DJ001
        _("path"),
        max_length=1_024,
        null=True,
        blank=True,
        help_text=_("Where the program lies; a home folder is cut to ~."),
    )
    binary_path_root = models.CharField(  # noqa: DJ001
        _("place"),
        max_length=16,
        choices=PathRoot,
        null=True,
        blank=True,
        help_text=_("Kind of place where the program lies."),
    )
    error_code = models.CharField(  # noqa: DJ001
        _("error code"), max_length=64, null=True, blank=True, help_text=_("Exception or signal.")
    )
    module_name = models.CharField(  # noqa: DJ001
        _("module"),
        max_length=255,
        null=True,
        blank=True,
        help_text=_("File in which it happened, without its folder."),
    )

    objects = DeviceEventQuerySet.as_manager()

    class Meta:
        verbose_name = _("crash of a program")
        verbose_name_plural = _("crashes of programs")

    def __str__(self) -> str:
        return f"{self.occurred_at:%Y-%m-%d %H:%M}"
