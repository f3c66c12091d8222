"""Packages: what is installed where, and when it came and went."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.binaries.choices import BinaryArchitecture, PackageSource, PackageType
from apps.binaries.querysets import PackageQuerySet
from apps.core.models import UUIDModel
from apps.devices.choices import Platform
from apps.devices.models.links import context_link, device_link
from apps.devices.querysets import DeviceEventQuerySet
from apps.events.links import event_link
from apps.events.models import PunctualEvent
from apps.users.models import user_link


class Package(UUIDModel):
    """One program or update in one version, as the system that installs it knows it.

    Made by `services.apply_packages` when a device first reports it; goes some time after the
    last device that had it.
    """

    identity = models.CharField(
        max_length=64,
        unique=True,
        editable=False,
        help_text=_("Hash of what makes it one package."),
    )
    name = models.CharField(_("name"), max_length=512, db_index=True, help_text=_("Name."))
    version = models.CharField(_("version"), max_length=255, blank=True, help_text=_("Version."))
    version_key = ArrayField(models.BigIntegerField(), null=True, blank=True, editable=False)
    publisher = models.CharField(
        _("publisher"), max_length=512, blank=True, help_text=_("Who publishes it.")
    )
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
    type = models.CharField(
        _("type"), max_length=8, choices=PackageType, help_text=_("Program or update.")
    )
    parent_name = models.CharField(
        _("belongs to"),
        max_length=512,
        blank=True,
        help_text=_("Program that an update belongs to."),
    )
    source = models.CharField(
        _("source"),
        max_length=16,
        choices=PackageSource,
        help_text=_("System by which it is installed."),
    )
    custom = models.JSONField(
        _("custom fields"), default=dict, blank=True, editable=False, help_text=_("Custom fields.")
    )
    first_seen_at = models.DateTimeField(_("first seen"), help_text=_("First report of it."))
    last_seen_at = models.DateTimeField(
        _("last seen"), db_index=True, help_text=_("Last report of a device that has it.")
    )

    objects = PackageQuerySet.as_manager()

    class Meta:
        verbose_name = _("package")
        verbose_name_plural = _("packages")

    def __str__(self) -> str:
        return f"{self.name} {self.version}".strip()


class InstalledPackage(models.Model):
    """A package that is on a device now; kept by `services.apply_packages`, item by item."""

    device = models.ForeignKey(
        "devices.Device",
        on_delete=models.CASCADE,
        related_name="installed_packages",
        db_index=False,  # the key begins with it
        verbose_name=_("device"),
    )
    package = models.ForeignKey(
        Package, on_delete=models.CASCADE, related_name="installed", verbose_name=_("package")
    )
    installation_time_at = models.DateTimeField(
        _("installed"), null=True, blank=True, help_text=_("As the system reports it.")
    )
    first_seen_at = models.DateTimeField(
        _("first seen"), help_text=_("First scan that showed it on the device.")
    )

    objects = DeviceEventQuerySet.as_manager()

    class Meta:
        verbose_name = _("installed package")
        verbose_name_plural = _("installed packages")
        constraints = [
            models.UniqueConstraint(
                fields=["device", "package"], name="binaries_installedpackage_key"
            )
        ]

    def __str__(self) -> str:
        return f"{self.device_id}: {self.package_id}"


class _Change(PunctualEvent):
    """What appearing and leaving have in common."""

    device = device_link()
    context = context_link()
    user = user_link()
    package = event_link("binaries.Package", verbose_name=_("package"), help_text=_("Package."))

    objects = DeviceEventQuerySet.as_manager()

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{self.occurred_at:%Y-%m-%d %H:%M}"


class PackageInstallation(_Change):
    """One package appeared on a device between two scans, at the time of the second."""

    number_of_installations = models.IntegerField(
        default=1, db_default=1, help_text=_("1 in each row.")
    )
    previous_version = models.CharField(
        _("previous version"),
        max_length=255,
        blank=True,
        db_default="",
        help_text=_("Version that it took the place of, for an upgrade."),
    )
    previous_version_key = ArrayField(
        models.BigIntegerField(), null=True, blank=True, editable=False
    )

    class Meta:
        verbose_name = _("installation")
        verbose_name_plural = _("installations")


class PackageUninstallation(_Change):
    """One package left a device between two scans, at the time of the second."""

    number_of_uninstallations = models.IntegerField(
        default=1, db_default=1, help_text=_("1 in each row.")
    )

    class Meta:
        verbose_name = _("uninstallation")
        verbose_name_plural = _("uninstallations")
