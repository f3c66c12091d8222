"""Enumerations of the user tables; their values are the words of NQL."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class UserType(models.TextChoices):
    """Where an account belongs."""

    LOCAL_USER = "local_user", _("local user")
    LOCAL_ADMIN = "local_admin", _("local administrator")
    DOMAIN_USER = "domain_user", _("domain user")
    SYSTEM = "system", _("system account")


class NamePrivacyLevel(models.TextChoices):
    """What a name holds."""

    CLEAR = "clear", _("clear")
    HASHED = "hashed", _("hashed")
    NONE = "none", _("none")


class LogonType(models.TextChoices):
    """How somebody logged in."""

    INTERACTIVE = "interactive", _("interactive")
    REMOTE = "remote", _("remote")
    UNLOCK = "unlock", _("unlock")
    CACHED = "cached", _("cached")
    SERVICE = "service", _("service")
