"""Enumerations of the user tables; their values are the words of NQL."""

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


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


class Rights(models.TextChoices):
    """What an account may do on a device, from the least that is known to the most."""

    UNKNOWN = "unknown", pgettext_lazy("rights", "unknown")
    STANDARD = "standard", pgettext_lazy("rights", "standard user")
    POWER_USER = "power_user", _("power user")
    ADMINISTRATOR = "administrator", pgettext_lazy("rights", "administrator")


class SessionState(models.TextChoices):
    """What a session is doing."""

    ACTIVE = "active", pgettext_lazy("session", "active")
    LOCKED = "locked", pgettext_lazy("session", "locked")
    DISCONNECTED = "disconnected", pgettext_lazy("session", "disconnected")
    CLOSED = "closed", pgettext_lazy("session", "closed")


class SessionProtocol(models.TextChoices):
    """How a screen reaches the person in front of it."""

    CONSOLE = "console", _("console")
    RDP = "rdp", _("RDP")
    ICA = "ica", _("ICA")
    PCOIP = "pcoip", _("PCoIP")
    BLAST = "blast", _("Blast")
    SSH = "ssh", _("SSH")
    OTHER = "other", pgettext_lazy("protocol", "other")


class SessionChangeKind(models.TextChoices):
    """What changed; each is a table of the catalogue."""

    LOGOUT = "logout", _("logout")
    LOCK = "lock", _("lock")
    UNLOCK = "unlock", pgettext_lazy("change", "unlock")
    CONNECT = "connect", _("connect")
    DISCONNECT = "disconnect", _("disconnect")


class ChangeReason(models.TextChoices):
    """What brought a change about."""

    USER = "user", pgettext_lazy("reason", "user")
    SYSTEM = "system", pgettext_lazy("reason", "system")
    IDLE = "idle", _("idle")
    NETWORK = "network", pgettext_lazy("reason", "network")
    UNKNOWN = "unknown", pgettext_lazy("reason", "unknown")
