"""Which term a table has."""

from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from apps.core.personal_data import registry
from apps.events import retention
from apps.gdpr import terms
from apps.gdpr.choices import RetentionClass
from apps.gdpr.rules import term_text

CONFIG, DERIVED, BATCHES, DONE = "config", "derived", "batches", "done"

# What is neither an event table nor hangs on a device or user.
OTHERS: dict[str, str] = {
    "audit.InboxEvent": RetentionClass.SECURITY,
    "audit.AuditEvent": RetentionClass.SECURITY,
    "audit.AuditSubject": RetentionClass.SECURITY,
    "core.Approval": RetentionClass.SECURITY,
    "events.ReceivedBatch": BATCHES,
    "events.UpkeepRun": BATCHES,
    "events.DirtyDay": DONE,
    "devices.Context": DERIVED,
    "devices.FleetNow": DERIVED,
    "binaries.Binary": DERIVED,
    "binaries.Package": DERIVED,
    "binaries.BinaryClaim": DERIVED,
    "binaries.Presence": DERIVED,
    "binaries.StalePresence": DONE,
}
WORDS: dict[str, str | Promise] = {
    CONFIG: _("until it is deleted"),
    DERIVED: _("as what refers to it"),
    BATCHES: _("30 days"),
    DONE: _("until it is done"),
}


def class_of(model: type[Any]) -> str:
    """Return the retention class of a table, or one of the words above."""
    kept = retention.class_of(model)
    if kept is not None:
        return str(kept)
    label = model._meta.label
    if label in OTHERS:
        return str(OTHERS[label])
    known = registry.classification(model)
    if known is not None and {"device", "user"} & known.keys.keys():
        return RetentionClass.INVENTORY.value
    return CONFIG


def text_of(retention_class: str) -> str:
    """Return the term of a class in words, as it holds now."""
    if retention_class in WORDS:
        return str(WORDS[retention_class])
    return term_text(terms.term(retention_class))


def label_of(retention_class: str) -> str:
    """Return what people call a class."""
    if retention_class in WORDS:
        return str(WORDS[retention_class])
    return str(RetentionClass(retention_class).label)
