"""Enumerations of the device tables; their values are the words of NQL."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class DeviceKind(models.TextChoices):
    """Who reports a device."""

    MANAGED = "managed", _("own collector")
    FOREIGN = "foreign", _("foreign agent")
    BROWSER_ONLY = "browser_only", _("browser extension alone")


class InventoryState(models.TextChoices):
    """Whether the inventory has a base."""

    COMPLETE = "complete", _("complete")
    INCOMPLETE = "incomplete", _("incomplete")


class Platform(models.TextChoices):
    """Operating system family."""

    WINDOWS = "windows", "Windows"
    MACOS = "macos", "macOS"
    LINUX = "linux", "Linux"


class Architecture(models.TextChoices):
    """Processor architecture of the operating system."""

    X86 = "x86", "x86"
    X64 = "x64", "x64"
    ARM64 = "arm64", "ARM64"


class HardwareType(models.TextChoices):
    """Form factor."""

    DESKTOP = "desktop", _("desktop")
    LAPTOP = "laptop", _("laptop")
    VIRTUAL = "virtual", _("virtual")
    SERVER = "server", _("server")


class MembershipType(models.TextChoices):
    """Kind of membership in a domain."""

    DOMAIN = "domain", _("domain")
    WORKGROUP = "workgroup", _("workgroup")
    CLOUD = "cloud", _("cloud")
    NONE = "none", _("none")


class DiskType(models.TextChoices):
    """Kind of disk."""

    HDD = "hdd", "HDD"
    SSD = "ssd", "SSD"
    NVME = "nvme", "NVMe"
    REMOVABLE = "removable", _("removable")
    UNKNOWN = "unknown", _("unknown")


class DiskHealth(models.TextChoices):
    """What a disk says of itself."""

    OK = "ok", _("ok")
    WARNING = "warning", _("warning")
    FAILING = "failing", _("failing")
    UNKNOWN = "unknown", _("unknown")


class BootType(models.TextChoices):
    """How the system came up."""

    FULL_BOOT = "full_boot", _("full boot")
    FAST_STARTUP = "fast_startup", _("fast startup")
    HIBERNATE_RESUME = "hibernate_resume", _("resume from hibernation")


class LocationType(models.TextChoices):
    """Where the device is, by rules."""

    ONSITE = "onsite", _("on site")
    REMOTE = "remote", _("remote")
    UNKNOWN = "unknown", _("unknown")
