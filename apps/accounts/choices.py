"""Words that accounts and profiles choose from."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class AccountKind(models.TextChoices):
    """What an account is by birth."""

    MAIN = "main", _("Main administrator")
    ADMINISTRATOR = "administrator", _("Administrator")
    ORDINARY = "ordinary", _("Ordinary account")


class AccountOrigin(models.TextChoices):
    """Who keeps the account's identity."""

    LOCAL = "local", _("This instance")
    OIDC = "oidc", _("OpenID Connect")


class AccountState(models.TextChoices):
    """Where the account stands."""

    INVITED = "invited", _("Invited")
    ACTIVE = "active", _("Active")
    DISABLED = "disabled", _("Disabled")


class ProfileKind(models.TextChoices):
    """Whether a profile can stand alone; fixed when it is made."""

    MAIN = "main", _("Main")
    ADDITIONAL = "additional", _("Additional")
