"""Categories of data, and what each is for."""

from dataclasses import dataclass

from django.db import models
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from apps.events import kinds


@dataclass(frozen=True, slots=True)
class Category:
    """One category. purpose: why its data are there; stands in the record of processing."""

    name: str
    title: str | Promise
    purpose: str | Promise


CATEGORIES: dict[str, Category] = {
    category.name: category
    for category in (
        Category(
            "devices",
            _("Devices"),
            _("Knowing which devices there are, what they are made of and whether they are safe."),
        ),
        Category(
            "device_events",
            _("How devices run"),
            _("Finding slow, failing and badly connected devices."),
        ),
        Category(
            "users",
            _("Users"),
            _("Knowing whom a problem concerns, and counting how many it concerns."),
        ),
        Category(
            "sessions",
            _("Sessions"),
            _("Finding slow logins and bad remote sessions, and how many people wait for them."),
        ),
        Category(
            "programs",
            _("Programs"),
            _("Finding programs that crash, freeze or take too much, and where they are."),
        ),
        Category(
            "connections",
            _("Network connections"),
            _("Finding services that programs cannot reach, or only slowly."),
        ),
        Category(
            "collection",
            _("Collection"),
            _("Deciding what is collected, letting devices in, counting what was not stored."),
        ),
        Category(
            "console",
            _("Console"),
            _("Letting administrators sign in and see what they may."),
        ),
        Category(
            "audit",
            _("Audit log"),
            _("Proving who did what, and who looked at whom."),
        ),
        Category("operation", _("Operation"), _("Storing each batch once, and summing days up.")),
        Category(
            "protection",
            _("Data protection"),
            _("Keeping data no longer than decided."),
        ),
    )
}

APPS = {
    "core": "console",
    "nql": "console",
    "audit": "audit",
    "accounts": "console",
    "organization": "console",
    "events": "operation",
    "devices": "devices",
    "collectors": "collection",
    "users": "users",
    "binaries": "programs",
    "gdpr": "protection",
}
NAMESPACES = {  # of event kinds
    "device_performance": "device_events",
    "connectivity": "device_events",
    "device": "device_events",
    "collector": "device_events",
    "session": "sessions",
    "execution": "programs",
    "package": "programs",
    "connection": "connections",
}
MODELS = {"core.Approval": "audit", "users.Session": "sessions"}


def category_of(model: type[models.Model]) -> Category:
    """Return the category of a table: by its kind, else by itself, else by its app.

    Raises:
        KeyError: nobody has said to which category the app belongs.
    """
    label = model._meta.label
    if label in MODELS:
        return CATEGORIES[MODELS[label]]
    for kind in kinds.registered():
        if model in (kind.model, getattr(kind, "daily_model", None)):
            return CATEGORIES[NAMESPACES[kind.name.partition(".")[0]]]
    return CATEGORIES[APPS[model._meta.app_label]]
