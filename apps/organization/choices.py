"""Words that entities choose from."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class EntityKind(models.TextChoices):
    """What an entity is."""

    ROOT = "root", _("Root")
    UNCLASSIFIED = "unclassified", _("Unclassified")
    ORDINARY = "ordinary", _("Ordinary")
