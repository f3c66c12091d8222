"""Enumerations of the event tables."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Source(models.TextChoices):
    """Who reported a row."""

    COLLECTOR = "collector", _("collector")
    EXTENSION = "extension", _("browser extension")
    CONNECTOR = "connector", _("connector")
    GLPI = "glpi", "GLPI"
    OTLP = "otlp", "OTLP"
    OSQUERY = "osquery", "osquery"
    SERVER = "server", _("server")


class Retention(models.TextChoices):
    """Retention classes of event tables (privacy.md 6)."""

    OPERATIONAL = "operational", _("operational")
    HIGHRES = "highres", _("high resolution")
    HIGHRES_DETAIL = "highres_detail", _("high resolution, details")
    REALTIME = "realtime", _("real time")
    DAILY = "daily", _("daily")


class RefusalCode(models.TextChoices):
    """Why one record was not stored."""

    INVALID = "invalid", _("a value is missing or out of range")
    UNKNOWN_KIND = "unknown_kind", _("no such kind of event")
    UNKNOWN_FIELD = "unknown_field", _("no such field")
    UNKNOWN_PART = "unknown_part", _("no such inventory part")
    UNKNOWN_REFERENCE = "unknown_reference", _("no such entry in the batch's dictionary")
    TOO_OLD = "too_old", _("older than its retention")
    IN_FUTURE = "in_future", _("later than the server's clock")
    NOT_STORABLE = "not_storable", _("a value that the database cannot hold")
