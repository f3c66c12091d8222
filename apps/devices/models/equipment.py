"""Lists of what a device is built of, replaced as a whole at each report."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.devices.choices import AdapterType
from apps.devices.models.links import list_link
from apps.devices.models.versions import version_key_column


class Battery(models.Model):
    """One battery of a device."""

    device = list_link("batteries")
    name = models.CharField(max_length=255, blank=True, help_text=_("Name in the system."))
    manufacturer = models.CharField(max_length=255, blank=True, help_text=_("Maker."))
    design_capacity = models.FloatField(null=True, blank=True, help_text=_("Capacity, new, in Wh."))
    full_capacity = models.FloatField(
        null=True, blank=True, help_text=_("Capacity, full today, in Wh.")
    )
    cycle_count = models.IntegerField(null=True, blank=True, help_text=_("Charge cycles."))

    class Meta:
        verbose_name = _("battery")
        verbose_name_plural = _("batteries")

    def __str__(self) -> str:
        return self.name


class Cpu(models.Model):
    """One processor of a device."""

    device = list_link("cpus")
    name = models.CharField(max_length=255, blank=True, help_text=_("Model."))
    frequency_mhz = models.IntegerField(null=True, blank=True, help_text=_("Nominal clock."))
    number_of_cores = models.IntegerField(null=True, blank=True, help_text=_("Cores."))
    number_of_logical_processors = models.IntegerField(
        null=True, blank=True, help_text=_("Logical processors.")
    )

    class Meta:
        verbose_name = _("processor")
        verbose_name_plural = _("processors")

    def __str__(self) -> str:
        return self.name


class Gpu(models.Model):
    """One graphics processor of a device."""

    device = list_link("gpus")
    name = models.CharField(max_length=255, blank=True, help_text=_("Model."))
    memory_bytes = models.BigIntegerField(null=True, blank=True, help_text=_("Own memory."))
    driver_version = models.CharField(
        max_length=255, blank=True, help_text=_("Version of its driver.")
    )
    driver_version_key = version_key_column()

    class Meta:
        verbose_name = _("graphics processor")
        verbose_name_plural = _("graphics processors")

    def __str__(self) -> str:
        return self.name


class MemoryModule(models.Model):
    """One memory module of a device."""

    device = list_link("memory_modules")
    slot = models.CharField(max_length=255, blank=True, help_text=_("Where it is plugged in."))
    type = models.CharField(max_length=64, blank=True, help_text=_("Kind, such as DDR5."))
    size_bytes = models.BigIntegerField(null=True, blank=True, help_text=_("Capacity."))
    speed_mhz = models.IntegerField(null=True, blank=True, help_text=_("Clock."))

    class Meta:
        verbose_name = _("memory module")
        verbose_name_plural = _("memory modules")

    def __str__(self) -> str:
        return self.slot


class Display(models.Model):
    """One monitor of a device."""

    device = list_link("monitors")
    name = models.CharField(max_length=255, blank=True, help_text=_("Model."))
    manufacturer = models.CharField(max_length=255, blank=True, help_text=_("Maker."))
    resolution = models.CharField(max_length=32, blank=True, help_text=_("Such as 2560x1440."))
    diagonal = models.FloatField(null=True, blank=True, help_text=_("Diagonal, in inches."))
    serial_number = models.CharField(max_length=255, blank=True, help_text=_("Serial number."))

    class Meta:
        verbose_name = _("monitor")
        verbose_name_plural = _("monitors")

    def __str__(self) -> str:
        return self.name


class NetworkAdapter(models.Model):
    """One network adapter of a device."""

    device = list_link("network_adapters")
    name = models.CharField(max_length=255, blank=True, help_text=_("Name in the system."))
    type = models.CharField(
        max_length=16, choices=AdapterType, default=AdapterType.OTHER, help_text=_("Kind.")
    )
    speed_bps = models.BigIntegerField(null=True, blank=True, help_text=_("Rate of its link."))
    is_up = models.BooleanField(null=True, blank=True, help_text=_("It has a link."))
    is_virtual = models.BooleanField(default=False, help_text=_("Made by software."))
    address = models.GenericIPAddressField(null=True, blank=True, help_text=_("Local address."))

    class Meta:
        verbose_name = _("network adapter")
        verbose_name_plural = _("network adapters")

    def __str__(self) -> str:
        return self.name
