"""Codes of the audit log: stable, never reused. Source: spec access.md 7.6, privacy.md 14."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class AuditCode(models.IntegerChoices):
    """What happened."""

    SIGNED_IN = 1001, _("Signed in")
    SIGN_IN_FAILED = 1002, _("Sign-in failed")
    SIGNED_OUT = 1003, _("Signed out")
    SIGN_IN_LOCKED = 1004, _("Sign-in locked")
    ACCOUNT_CREATED = 1101, _("Account created")
    ACCOUNT_CHANGED = 1102, _("Account changed")
    ACCOUNT_DISABLED = 1103, _("Account disabled")
    ACCOUNT_ENABLED = 1104, _("Account enabled")
    ACCOUNT_DELETED = 1105, _("Account deleted")
    ACCOUNT_KIND_CHANGED = 1106, _("Kind of account changed")
    MAIN_ROLE_PASSED_ON = 1107, _("Role of main administrator passed on")
    PROFILE_CREATED = 1201, _("Profile created")
    PROFILE_CHANGED = 1202, _("Profile changed")
    PROFILE_DELETED = 1203, _("Profile deleted")
    PROFILE_GIVEN = 1204, _("Profile given")
    PROFILE_TAKEN = 1205, _("Profile taken")
    VIEW_DOMAIN_CHANGED = 1206, _("View domain changed")
    PRIVACY_LEVEL_CHANGED = 1207, _("Privacy level changed")
    PERMISSION_REFUSED = 1390, _("Permission refused")
    APPROVAL_ASKED = 1701, _("Approval asked for")
    APPROVAL_GIVEN = 1702, _("Approval given")
    APPROVAL_REFUSED = 1703, _("Approval refused")
    APPROVAL_LAPSED = 1704, _("Approval lapsed")
    APPROVAL_WITHDRAWN = 1705, _("Approval withdrawn")
    ENROLMENT_KEY_CREATED = 2001, _("Enrolment key created")
    ENROLMENT_KEY_REVOKED = 2002, _("Enrolment key revoked")
    COLLECTOR_ENROLLED = 2011, _("Collector enrolled")
    COLLECTOR_REVOKED = 2012, _("Collector revoked")
    IDENTITY_CONFLICT = 2013, _("Two machines with one identity")
    COLLECTOR_REMOVED = 2014, _("Collector removed")
    CONFIGURATION_SAVED = 2101, _("Configuration saved")
    CONFIGURATION_WIDENING_ASKED = 2102, _("Wider configuration asked for")
    CONFIGURATION_APPROVED = 2103, _("Configuration approved")
    CONFIGURATION_IN_FORCE = 2104, _("Configuration in force")
    CONFIGURATION_NARROWED = 2105, _("Configuration narrowed")
    HASH_EPOCH_BEGUN = 2111, _("New epoch of pseudonyms")
    HASH_KEYS_DESTROYED = 2112, _("Keys of an epoch destroyed")
    COLLECTED_DATA_CHANGED = 2113, _("Collected data deleted or made pseudonymous")
    SERVER_KEY_USED = 2114, _("Server key of pseudonyms used")
    ENTITY_CREATED = 2201, _("Entity created")
    ENTITY_RENAMED = 2202, _("Entity renamed")
    ENTITY_MOVED = 2203, _("Entity moved")
    ENTITY_DELETED = 2204, _("Entity deleted")
    ENTITIES_IMPORTED = 2205, _("Entities imported")
    CLASSIFICATION_RULES_CHANGED = 2211, _("Classification rules changed")
    FLEET_CLASSIFIED = 2212, _("Fleet classified")
    DEVICES_MOVED = 2213, _("Devices moved by hand")
    DEVICES_RELEASED = 2214, _("Devices given back to the rules")
    DEVICES_TAGGED = 2215, _("Configuration tag changed")
    SITES_CHANGED = 2216, _("Sites changed")
    FLEET_LOCATED = 2217, _("Places of the fleet found anew")
    CUSTOM_FIELD_CREATED = 2221, _("Custom field created")
    CUSTOM_FIELD_CHANGED = 2222, _("Custom field changed")
    CUSTOM_FIELD_DELETED = 2223, _("Custom field deleted")
    CUSTOM_VALUES_CHANGED = 2224, _("Values of custom fields changed")
    CUSTOM_FIELD_RULES_CHANGED = 2225, _("Rules of a custom field changed")
    BINARY_CATEGORISED = 2301, _("Binary categorised")
    USER_OPENED = 3001, _("User opened")
    DEVICE_OPENED = 3002, _("Device opened")
    IDENTITIES_LISTED = 3003, _("Identities listed")
    COMMAND_RUN = 3007, _("Command run on the host")
    EXPORT_MADE = 3101, _("Export made")
    RETENTION_CHANGED = 6031, _("Retention changed")
    RETENTION_PURGED = 6032, _("Retention purge run")
    AUDIT_EXPORTED = 9002, _("Audit log exported")
    AUDIT_PURGED = 9005, _("Audit log purged")
    PERIODIC_TASK_CHANGED = 9101, _("Periodic task changed")


class ActorKind(models.TextChoices):
    """Who acted."""

    ACCOUNT = "account", _("Account")
    CREDENTIAL = "credential", _("Credential")
    SUPPORT = "support", _("Support")
    SYSTEM = "system", _("System")
    EMPLOYEE = "employee", _("Employee")
    COLLECTOR = "collector", _("Collector")


class Outcome(models.TextChoices):
    """How it ended."""

    DONE = "done", _("Done")
    REFUSED = "refused", _("Refused")
    FAILED = "failed", _("Failed")


class Severity(models.IntegerChoices):
    """How much attention it needs."""

    NOTICE = 0, _("Notice")
    WARNING = 1, _("Warning")
    ALERT = 2, _("Alert")
