"""Where binaries and packages are: what answers who may see them."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from apps.binaries.models.binary import Binary
from apps.binaries.models.package import Package
from apps.binaries.querysets import PresenceQuerySet


class Presence(models.Model):
    """On how many devices of an entity a binary ran lately, or a package is installed.

    Written by `upkeep` alone, by the entity of the device now: of binaries from the daily rows and
    the samples of the running day, of packages from what is installed. Looked at through its
    binary or package.
    """

    entity = models.ForeignKey(
        "organization.Entity", on_delete=models.CASCADE, related_name="+", verbose_name=_("entity")
    )
    binary = models.ForeignKey(
        Binary,
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="presences",
        verbose_name=_("binary"),
    )
    package = models.ForeignKey(
        Package,
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="presences",
        verbose_name=_("package"),
    )
    devices = models.PositiveIntegerField(
        _("devices"), help_text=_("Devices of the entity that ran it, or have it installed.")
    )
    last_seen_at = models.DateTimeField(
        _("last seen"),
        help_text=_("Of a binary the last quarter of an hour today, else the last day."),
    )

    objects = PresenceQuerySet.as_manager()

    class Meta:
        verbose_name = _("presence of a binary or package")
        verbose_name_plural = _("presences of binaries and packages")
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["entity", "binary"], name="binaries_presence_key"),
            models.UniqueConstraint(
                fields=["entity", "package"], name="binaries_presence_package_key"
            ),
            models.CheckConstraint(
                name="binaries_presence_of_one",
                condition=Q(binary__isnull=False, package__isnull=True)
                | Q(binary__isnull=True, package__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.entity_id}: {self.binary_id or self.package_id}"


class StalePresence(models.Model):
    """An entity whose packages are to be counted anew: a device of it came, left or changed.

    Written in the transaction of the change, a row for each device so that none waits for another;
    removed by `upkeep.refresh_presence`.
    """

    device = models.ForeignKey("devices.Device", on_delete=models.CASCADE, related_name="+")
    entity = models.ForeignKey("organization.Entity", on_delete=models.CASCADE, related_name="+")

    class Meta:
        verbose_name = _("entity to count anew")
        verbose_name_plural = _("entities to count anew")
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["device", "entity"], name="binaries_stalepresence_key")
        ]

    def __str__(self) -> str:
        return f"{self.entity_id}: {self.device_id}"
