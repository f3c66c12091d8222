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


class FieldFact(models.TextChoices):
    """What rules of custom fields read besides: they come after a device was placed."""

    ENTITY = "entity", _("Entity")
    MANUFACTURER = "hardware_manufacturer", _("Manufacturer")
    MODEL = "hardware_model", _("Model")
    OPERATING_SYSTEM = "operating_system_name", _("Operating system")


class SiteFact(models.TextChoices):
    """What rules of sites read besides."""

    PUBLIC_ADDRESS = "public_address", _("Public address in the network")


class SiteType(models.TextChoices):
    """Whether a site is one of the organisation."""

    ONSITE = "onsite", _("On site")
    REMOTE = "remote", _("Remote")


class Matching(models.TextChoices):
    """How the conditions of a rule come together."""

    ALL = "all", _("All conditions hold")
    ANY = "any", _("One condition holds")


class FieldTarget(models.TextChoices):
    """What a custom field is about."""

    DEVICE = "device", _("Device")
    USER = "user", _("User")
    BINARY = "binary", _("Binary")
    PACKAGE = "package", _("Package")


class FilledBy(models.TextChoices):
    """Who fills a custom field."""

    MANUAL = "manual", _("People")
    RULES = "rules", _("Rules")


class FieldType(models.TextChoices):
    """What a custom field holds."""

    STRING = "string", _("Text")
    INT = "int", _("Whole number")
    FLOAT = "float", _("Number")
    BOOL = "bool", _("Yes or no")
    DATETIME = "datetime", _("Moment")
    ENUM = "enum", _("One of some words")


class FieldClass(models.TextChoices):
    """What the values of a custom field say about people."""

    NONE = "none", _("Nothing about people")
    PSEUDONYM = "pseudonym", _("Links what one person did")
    DIRECT = "direct", _("Names or reaches a person")
    BEHAVIOUR = "behaviour", _("What a person did, when or where")
    FREE_TEXT = "free_text", _("May hold anything")
