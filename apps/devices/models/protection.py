"""Lists of what protects a device, and of who may change that; replaced at each report."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.devices.choices import FirewallProtection, LocalAdminType, RealTimeProtection, UpToDate
from apps.devices.models.links import list_link
from apps.devices.models.versions import version_key_column


class Antivirus(models.Model):
    """One antivirus of a device."""

    device = list_link("antiviruses")
    name = models.CharField(max_length=255, blank=True, help_text=_("Product."))
    version = models.CharField(max_length=255, blank=True, help_text=_("Version."))
    version_key = version_key_column()
    is_up_to_date = models.CharField(
        max_length=16,
        choices=UpToDate,
        default=UpToDate.NOT_REPORTED,
        help_text=_("It knows the newest threats."),
    )
    real_time_protection = models.CharField(
        max_length=16,
        choices=RealTimeProtection,
        default=RealTimeProtection.NOT_REPORTED,
        help_text=_("It is at work."),
    )

    class Meta:
        verbose_name = _("antivirus")
        verbose_name_plural = _("antiviruses")

    def __str__(self) -> str:
        return self.name


class Firewall(models.Model):
    """One firewall of a device."""

    device = list_link("firewalls")
    name = models.CharField(max_length=255, blank=True, help_text=_("Product or profile."))
    real_time_protection = models.CharField(
        max_length=24,
        choices=FirewallProtection,
        default=FirewallProtection.NOT_REPORTED,
        help_text=_("It is at work."),
    )

    class Meta:
        verbose_name = _("firewall")
        verbose_name_plural = _("firewalls")

    def __str__(self) -> str:
        return self.name


class LocalAdmin(models.Model):
    """One account or group with administrator rights on a device."""

    device = list_link("local_admins")
    name = models.CharField(
        max_length=256, help_text=_("Account or group, or its pseudonym where names are hashed.")
    )
    type = models.CharField(
        max_length=8, choices=LocalAdminType, default=LocalAdminType.USER, help_text=_("Which.")
    )

    class Meta:
        verbose_name = _("local administrator")
        verbose_name_plural = _("local administrators")

    def __str__(self) -> str:
        return self.name
