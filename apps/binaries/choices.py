"""Enumerations of the binary tables; their values are the words of NQL."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class BinaryArchitecture(models.TextChoices):
    """Processor architecture of a program."""

    X86 = "x86", "x86"
    X64 = "x64", "x64"
    ARM64 = "arm64", "ARM64"
    OTHER = "other", _("other")


class Visibility(models.TextChoices):
    """How visible a program's processes were to the employee."""

    FOREGROUND = "foreground", _("foreground")
    BACKGROUND = "background", _("background")
    SYSTEM = "system", _("system")


class CrashVisibility(models.TextChoices):
    """How visible a program was when it crashed."""

    FOREGROUND = "foreground", _("foreground")
    BACKGROUND = "background", _("background")


class PathRoot(models.TextChoices):
    """Where a program lies, without saying more."""

    PROGRAM_FILES = "program_files", _("program files")
    SYSTEM = "system", _("system")
    USER_PROFILE = "user_profile", _("user profile")
    TEMP = "temp", _("temporary files")
    OPT = "opt", "/opt"
    USR = "usr", "/usr"
    GONE = "gone", _("deleted while it ran")
    OTHER = "other", _("other")


class CrashKind(models.TextChoices):
    """How a program ended."""

    CRASH = "crash", _("crash")
    HANG_TERMINATED = "hang_terminated", _("hung and was ended")


class PackageType(models.TextChoices):
    """What a package is."""

    PROGRAM = "program", _("program")
    UPDATE = "update", _("update")


class PackageSource(models.TextChoices):
    """By which system a package is installed."""

    MSI = "msi", "MSI"
    REGISTRY = "registry", _("registry")
    APPX = "appx", "APPX"
    WINDOWS_UPDATE = "windows_update", "Windows Update"
    APP_BUNDLE = "app_bundle", _("app bundle")
    DPKG = "dpkg", "dpkg"
    RPM = "rpm", "RPM"
    FLATPAK = "flatpak", "Flatpak"
    SNAP = "snap", "snap"
    OTHER = "other", _("other")


class Protocol(models.TextChoices):
    """Transport protocol of a connection."""

    TCP = "tcp", "TCP"
    UDP = "udp", "UDP"


class DestinationType(models.TextChoices):
    """Where a destination lies, by its address."""

    INTRANET = "intranet", _("intranet")
    INTERNET = "internet", _("internet")
    LOCAL = "local", _("this device")
    UNKNOWN = "unknown", _("unknown")
