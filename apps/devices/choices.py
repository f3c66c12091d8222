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


class RunPurpose(models.TextChoices):
    """What a run over the fleet finds anew."""

    ENTITIES = "entities", _("Entities")
    SITES = "sites", _("Sites")


class LocationType(models.TextChoices):
    """Where the device is, by rules."""

    ONSITE = "onsite", _("on site")
    REMOTE = "remote", _("remote")
    UNKNOWN = "unknown", _("unknown")


class UpdateGroup(models.TextChoices):
    """Which version of the collector a device gets, and when."""

    PILOT = "pilot", _("pilot")
    MAIN = "main", _("main")
    UNSUPPORTED = "unsupported", _("unsupported")


class AdapterType(models.TextChoices):
    """Kind of network adapter."""

    WIFI = "wifi", _("Wi-Fi")
    ETHERNET = "ethernet", _("Ethernet")
    CELLULAR = "cellular", _("cellular")
    BLUETOOTH = "bluetooth", _("Bluetooth")
    OTHER = "other", _("other")


class VpnStatus(models.TextChoices):
    """Whether a VPN is up."""

    CONNECTED = "connected", _("connected")
    DISCONNECTED = "disconnected", _("disconnected")
    UNKNOWN = "unknown", _("unknown")


class VirtualizationType(models.TextChoices):
    """How a virtual desktop is given to people."""

    SHARED = "shared", _("shared")
    PERSONAL = "personal", _("personal")
    POOLED = "pooled", _("pooled")


class DesktopBroker(models.TextChoices):
    """Product that gives out virtual desktops."""

    CITRIX_CVAD = "citrix_cvad", "Citrix CVAD"
    CITRIX_DAAS = "citrix_daas", "Citrix DaaS"
    AZURE_VIRTUAL_DESKTOPS = "azure_virtual_desktops", "Azure Virtual Desktop"
    WINDOWS_365 = "windows_365", "Windows 365"
    HORIZON_ON_PREM = "horizon_on_prem", "Horizon"
    AWS_WORKSPACE = "aws_workspace", "Amazon WorkSpaces"
    AWS_APPSTREAM = "aws_appstream", "Amazon AppStream"
    OTHER = "other", _("other")


class UserAccountControlStatus(models.TextChoices):
    """Whether Windows asks before a program gets more rights."""

    OK = "ok", _("ok")
    AT_RISK = "at_risk", _("at risk")
    NOT_APPLICABLE = "not_applicable", _("not applicable")
    UNKNOWN = "unknown", _("unknown")


class UpToDate(models.TextChoices):
    """Whether an antivirus knows the newest threats."""

    YES = "yes", _("yes")
    NO = "no", _("no")
    NOT_REPORTED = "not_reported", _("not reported")


class RealTimeProtection(models.TextChoices):
    """Whether an antivirus is at work."""

    ENABLED = "enabled", _("enabled")
    DISABLED = "disabled", _("disabled")
    NOT_REPORTED = "not_reported", _("not reported")


class FirewallProtection(models.TextChoices):
    """Whether a firewall is at work."""

    ENABLED = "enabled", _("enabled")
    DISABLED = "disabled", _("disabled")
    PARTIALLY_ENABLED = "partially_enabled", _("partially enabled")
    NOT_REPORTED = "not_reported", _("not reported")


class LocalAdminType(models.TextChoices):
    """Who holds a device's administrator rights."""

    USER = "user", _("user")
    GROUP = "group", _("group")


class ChangeProperty(models.TextChoices):
    """What about a device changed."""

    OPERATING_SYSTEM = "operating_system", _("operating system")
    DRIVER = "driver", _("driver")
    HARDWARE = "hardware", _("hardware")
    FIRMWARE = "firmware", _("firmware")
    SECURITY = "security", _("security")
    NETWORK = "network", _("network")
    LOCATION = "location", _("location")
    ENTITY = "entity", _("entity")
    NAME = "name", _("name")
    CONFIGURATION = "configuration", _("configuration")
    COLLECTOR = "collector", _("collector")
