"""Enumerations of retention."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class RetentionClass(models.TextChoices):
    """Classes of rows that share a term (privacy.md 6); those of event tables as `events` has them."""

    INVENTORY = "inventory", _("Inventory")
    STUB = "stub", _("Stubs of collectors")
    OPERATIONAL = "operational", _("Single events")
    HIGHRES = "highres", _("High resolution")
    HIGHRES_DETAIL = "highres_detail", _("High resolution, details")
    REALTIME = "realtime", _("Real time")
    DAILY = "daily", _("Daily figures")
    DAILY_PERSON = "daily_person", _("Person in daily figures")
    SECURITY = "security", _("Security")
    LOGS = "logs", _("Log files")


class ChangeState(models.TextChoices):
    """Life of a change to longer terms."""

    ASKED = "asked", _("waits")
    APPROVED = "approved", _("approved")
    DROPPED = "dropped", _("not approved")
