"""Lists on a device, replaced as a whole at each report, and what is known of each report."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.devices.choices import DiskHealth, DiskType
from apps.events.choices import Source


class InventoryPart(models.Model):
    """The state in which one part of a device's inventory is known.

    Written by `services.apply_inventory`; a report whose base differs is asked for in full.
    """

    device = models.ForeignKey(
        "devices.Device", on_delete=models.CASCADE, related_name="inventory_parts"
    )
    part = models.CharField(max_length=32, help_text=_("Name of the part."))
    source = models.CharField(
        max_length=12, choices=Source, default=Source.COLLECTOR, help_text=_("Who reported it.")
    )
    hash = models.CharField(max_length=64, help_text=_("Hash of the content, by the sender."))
    received_at = models.DateTimeField(help_text=_("Last report, by the server's clock."))

    class Meta:
        verbose_name = _("inventory part")
        verbose_name_plural = _("inventory parts")
        constraints = [
            models.UniqueConstraint(fields=["device", "part"], name="devices_inventorypart_key")
        ]

    def __str__(self) -> str:
        return self.part


class Disk(models.Model):
    """One physical disk of a device."""

    device = models.ForeignKey("devices.Device", on_delete=models.CASCADE, related_name="disks")
    name = models.CharField(max_length=255, blank=True, help_text=_("Name in the system."))
    manufacturer = models.CharField(max_length=255, blank=True, help_text=_("Maker."))
    model = models.CharField(max_length=255, blank=True, help_text=_("Model."))
    type = models.CharField(
        max_length=16, choices=DiskType, default=DiskType.UNKNOWN, help_text=_("Kind of disk.")
    )
    size_bytes = models.BigIntegerField(null=True, blank=True, help_text=_("Capacity."))
    health = models.CharField(
        max_length=16,
        choices=DiskHealth,
        default=DiskHealth.UNKNOWN,
        help_text=_("What it says of itself."),
    )
    serial_number = models.CharField(max_length=255, blank=True, help_text=_("Serial number."))

    class Meta:
        verbose_name = _("disk")
        verbose_name_plural = _("disks")

    def __str__(self) -> str:
        return self.name or self.model


class Volume(models.Model):
    """One mounted file system of a device."""

    device = models.ForeignKey("devices.Device", on_delete=models.CASCADE, related_name="volumes")
    name = models.CharField(max_length=255, blank=True, help_text=_("Name in the system."))
    mount_point = models.CharField(
        max_length=1_024, blank=True, help_text=_("Where it is mounted.")
    )
    file_system = models.CharField(max_length=64, blank=True, help_text=_("File system."))
    size_bytes = models.BigIntegerField(null=True, blank=True, help_text=_("Capacity."))
    free_space_bytes = models.BigIntegerField(null=True, blank=True, help_text=_("Free."))
    is_system = models.BooleanField(default=False, help_text=_("Holds the system."))
    is_encrypted = models.BooleanField(
        null=True, blank=True, help_text=_("Encrypted; empty where unknown.")
    )

    class Meta:
        verbose_name = _("volume")
        verbose_name_plural = _("volumes")

    def __str__(self) -> str:
        return self.mount_point or self.name

    @property
    def usage(self) -> float | None:
        """Return the share in use, None where it is unknown."""
        if not self.size_bytes or self.free_space_bytes is None:
            return None
        return 1 - self.free_space_bytes / self.size_bytes
