"""Tables of programs and of what they did."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.binaries.choices import BinaryArchitecture, Visibility
from apps.binaries.metrics import EXECUTION
from apps.binaries.querysets import BinaryQuerySet, PresenceQuerySet
from apps.core.models import UUIDModel
from apps.devices.choices import Platform
from apps.devices.models.links import context_link, device_link
from apps.devices.querysets import DeviceEventQuerySet
from apps.events.links import event_link
from apps.events.metrics import metric_columns
from apps.events.models import DailyEvent, SampledEvent
from apps.users.models import user_link


class Binary(UUIDModel):
    """One executable file content: known by its SHA-256, else by name, size and version.

    Made by the pipeline when a batch first names it; goes with the last row that refers to it.
    """

    identity = models.CharField(
        max_length=64, unique=True, editable=False, help_text=_("Hash of what makes it one binary.")
    )
    name = models.CharField(_("name"), max_length=255, db_index=True, help_text=_("File name."))
    version = models.CharField(_("version"), max_length=255, blank=True, help_text=_("Version."))
    version_key = ArrayField(models.BigIntegerField(), null=True, blank=True, editable=False)
    platform = models.CharField(
        _("platform"), max_length=16, choices=Platform, help_text=_("Operating system family.")
    )
    architecture = models.CharField(
        _("architecture"),
        max_length=8,
        choices=BinaryArchitecture,
        blank=True,
        help_text=_("Processor architecture."),
    )
    size_bytes = models.BigIntegerField(_("size"), null=True, blank=True, help_text=_("File size."))
    md5_hash = models.CharField(max_length=32, blank=True, help_text=_("MD5 of the content."))
    sha1_hash = models.CharField(max_length=40, blank=True, help_text=_("SHA-1 of the content."))
    sha256_hash = models.CharField(
        max_length=64, blank=True, help_text=_("SHA-256 of the content.")
    )
    company = models.CharField(_("company"), max_length=255, blank=True, help_text=_("Maker."))
    description = models.CharField(
        max_length=255, blank=True, help_text=_("Description in the file.")
    )
    product_name = models.CharField(
        _("product"), max_length=255, blank=True, help_text=_("Product in the file.")
    )
    product_category = models.CharField(
        max_length=255, blank=True, help_text=_("Category, given by hand.")
    )
    product_subcategory = models.CharField(
        max_length=255, blank=True, help_text=_("Subcategory, given by hand.")
    )
    has_user_interface = models.BooleanField(
        null=True, blank=True, help_text=_("Ever had a window.")
    )
    first_seen_at = models.DateTimeField(_("first seen"), help_text=_("First data about it."))
    last_seen_at = models.DateTimeField(
        _("last seen"), db_index=True, help_text=_("Last data about it, to the hour.")
    )

    objects = BinaryQuerySet.as_manager()

    class Meta:
        verbose_name = _("binary")
        verbose_name_plural = _("binaries")

    def __str__(self) -> str:
        return f"{self.name} {self.version}".strip()


class Presence(models.Model):
    """On how many devices of an entity a binary ran lately: what answers who may see it.

    Written by `upkeep.refresh_presence` alone, from the daily rows and the samples of the running
    day, by the entity of the device now; looked at through its binary.
    """

    entity = models.ForeignKey(
        "organization.Entity", on_delete=models.CASCADE, related_name="+", verbose_name=_("entity")
    )
    binary = models.ForeignKey(
        Binary, on_delete=models.CASCADE, related_name="presences", verbose_name=_("binary")
    )
    devices = models.PositiveIntegerField(
        _("devices"), help_text=_("Devices of the entity on which it ran.")
    )
    last_seen_at = models.DateTimeField(
        _("last seen"), help_text=_("Last quarter of an hour today, else last day.")
    )

    objects = PresenceQuerySet.as_manager()

    class Meta:
        verbose_name = _("presence of a binary")
        verbose_name_plural = _("presences of binaries")
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["entity", "binary"], name="binaries_presence_key")
        ]

    def __str__(self) -> str:
        return f"{self.entity_id}/{self.binary_id}"


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

    def __str__(self) -> str:
        return f"{self.bucket:%Y-%m-%d}"
