"""Enumerations of collectors and their configuration."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class KeyPurpose(models.TextChoices):
    """What an enrolment key is for."""

    FLEET = "fleet", _("devices of employees")
    SIMULATION = "simulation", _("simulated devices")
    LOCAL = "local", _("the instance's own machine")


class CollectorState(models.TextChoices):
    """Where a collector stands."""

    ACTIVE = "active", _("active")
    CONFLICTED = "conflicted", _("identity in conflict")
    REVOKED = "revoked", _("revoked")
    UNENROLLED = "unenrolled", _("uninstalled")
    ERASED = "erased", _("erased")


class StubState(models.TextChoices):
    """What became of a collector whose device is gone."""

    EXPIRED = "expired", _("expired")
    REVOKED = "revoked", _("revoked")
    ERASED = "erased", _("erased")


class Level(models.TextChoices):
    """Where a configuration holds; a lower level goes before a higher one."""

    INSTANCE = "instance", _("whole instance")
    ENTITY = "entity", _("an entity and all below it")
    DEVICE = "device", _("one device")


class Preset(models.TextChoices):
    """A shipped set of switches."""

    STANDARD = "standard", _("Reference defaults")
    STRICT = "strict", _("Strict: the least data")
    CUSTOM = "custom", _("Custom")


class ConfigurationState(models.TextChoices):
    """Life of a configuration."""

    DRAFT = "draft", _("draft")
    PENDING = "pending", _("waits for approval")
    ANNOUNCED = "announced", _("announced")
    ACTIVE = "active", _("in force")
    REPLACED = "replaced", _("replaced")


class RefusalOrigin(models.TextChoices):
    """Where records were lost."""

    REFUSED = "refused", _("refused by the server")
    CONFIGURATION = "configuration", _("forbidden by the configuration")
    COLLECTOR = "collector", _("lost on the device")


class CollectorEventType(models.TextChoices):
    """What a collector reports on itself."""

    STARTED = "started", _("started")
    UPDATED = "updated", _("updated")
    CONFIGURATION_APPLIED = "configuration_applied", _("configuration applied")
    CONFIGURATION_REFUSED = "configuration_refused", _("configuration refused")
    PROBE_SLOWED = "probe_slowed", _("probe slowed down")
    PROBE_DISABLED = "probe_disabled", _("probe switched off")
    PROBE_RESTORED = "probe_restored", _("probe restored")
    PROBE_FAILED = "probe_failed", _("probe failed")
    SPOOL_RESET = "spool_reset", _("spool reset")
    HEALTH = "health", _("health")
    RECORDS_DROPPED = "records_dropped", _("records dropped")
    RECORDS_REFUSED = "records_refused", _("records refused")
    BATCH_QUARANTINED = "batch_quarantined", _("batch put aside")
    CLOCK_SKEW = "clock_skew", _("clock wrong")
    IDENTITY_CHANGED = "identity_changed", _("identity changed")
    PAUSED = "paused", _("paused")
    EXTENSION_ERROR = "extension_error", _("browser extension failed")
