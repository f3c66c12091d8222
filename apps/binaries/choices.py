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
