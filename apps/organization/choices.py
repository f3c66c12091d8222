"""Words that entities choose from."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class EntityKind(models.TextChoices):
    """What an entity is."""

    ROOT = "root", _("Root")
    UNCLASSIFIED = "unclassified", _("Unclassified")
    ORDINARY = "ordinary", _("Ordinary")


class RuleFact(models.TextChoices):
    """What about a device a rule reads."""

    DEVICE_NAME = "device_name", _("Device name")
    LOCAL_ADDRESS = "local_address", _("Local address in the network")
    CONFIGURATION_TAG = "configuration_tag", _("Configuration tag")
    GROUP_NAME = "group_name", _("Domain or workgroup")
    DISTINGUISHED_NAME = "distinguished_name", _("Directory path")
    ENROLMENT_KEY = "enrolment_key", _("Name of the enrolment key")
    KEY_ENTITY = "key_entity", _("Entity of the enrolment key")
    PLATFORM = "platform", _("Platform")
    COLLECTOR_TAG = "collector_tag", _("Tag of the collector")


class Matching(models.TextChoices):
    """How the conditions of a rule come together."""

    ALL = "all", _("All conditions hold")
    ANY = "any", _("One condition holds")
