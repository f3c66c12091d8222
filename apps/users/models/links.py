"""Columns that the event tables of sessions share."""

from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.events.links import event_link
from apps.users.choices import SessionProtocol

SESSION_ID_LENGTH = 128
CLIENT_NAME_LENGTH = 255


def user_link() -> models.ForeignKey[Any, Any]:
    """Return the link of an event to the user; null where none is known or allowed."""
    return event_link(
        "users.User",
        null=True,
        blank=True,
        verbose_name=_("user"),
        help_text=_("Employee's account."),
    )


def session_id() -> models.CharField[Any, Any]:
    """Return the column of the session's id on its device."""
    return models.CharField(
        _("session"),
        max_length=SESSION_ID_LENGTH,
        blank=True,
        help_text=_("Id on the device plus boot epoch."),
    )


def protocol() -> models.CharField[Any, Any]:
    """Return the column of a session's protocol; null where nobody told."""
    return models.CharField(
        _("protocol"),
        max_length=8,
        choices=SessionProtocol,
        null=True,
        blank=True,
        help_text=_("How the screen reaches the person."),
    )


def client_name() -> models.CharField[Any, Any]:
    """Return the column of the machine in front of which the person sits."""
    return models.CharField(
        _("client"),
        max_length=CLIENT_NAME_LENGTH,
        null=True,
        blank=True,
        help_text=_("Connecting machine."),
    )


def client_ip() -> models.GenericIPAddressField[Any, Any]:
    """Return the column of that machine's address, as far as it may be kept."""
    return models.GenericIPAddressField(
        _("client address"),
        null=True,
        blank=True,
        help_text=_("Address of the connecting machine."),
    )
