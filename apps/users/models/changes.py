"""Logins and other changes of sessions: what happened, exact in time."""

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from apps.devices.models.links import context_link, device_link
from apps.devices.querysets import DeviceEventQuerySet
from apps.events.models import PunctualEvent
from apps.users.choices import ChangeReason, LogonType, SessionChangeKind
from apps.users.models.links import client_ip, client_name, protocol, session_id, user_link


def _duration(label: object, help_text: object) -> models.BigIntegerField:  # type: ignore[type-arg]
    return models.BigIntegerField(label, null=True, blank=True, help_text=help_text)  # type: ignore[arg-type]


class Login(PunctualEvent):
    """One interactive login."""

    device = device_link()
    context = context_link()
    user = user_link()
    session_id = session_id()
    number_of_logins = models.IntegerField(default=1, db_default=1, help_text=_("1 in each row."))
    logon_type = models.CharField(  # noqa: DJ001 - absent is null (data-model.md 1.2)
        max_length=16, choices=LogonType, null=True, blank=True, help_text=_("How.")
    )
    time_until_desktop_is_visible_ms = _duration(
        _("until desktop visible"), _("Credentials accepted to desktop shown.")
    )
    time_until_desktop_is_ready_ms = _duration(
        _("until desktop ready"), _("The same to a responsive desktop.")
    )
    logon_script_duration_ms = _duration(_("logon scripts"), _("Part taken by logon scripts."))
    group_policy_duration_ms = _duration(_("group policy"), _("Part taken by group policy."))
    profile_load_duration_ms = _duration(
        _("profile load"), _("Part taken by loading the user's profile.")
    )
    is_first_login = models.BooleanField(
        _("first login"),
        default=False,
        db_default=False,
        help_text=_("First of this user on this device; derived by the server."),
    )

    objects = DeviceEventQuerySet.as_manager()

    class Meta:
        verbose_name = pgettext_lazy("on a device", "login")
        verbose_name_plural = _("logins")

    def __str__(self) -> str:
        return f"{self.occurred_at:%Y-%m-%d %H:%M}"


class SessionChange(PunctualEvent):
    """One logout, lock, unlock, connect or disconnect: five tables of the catalogue."""

    device = device_link()
    context = context_link()
    user = user_link()
    change = models.CharField(
        _("change"), max_length=12, choices=SessionChangeKind, help_text=_("What changed.")
    )
    session_id = session_id()
    protocol = protocol()
    reason = models.CharField(  # noqa: DJ001 - absent is null (data-model.md 1.2)
        _("reason"),
        max_length=8,
        choices=ChangeReason,
        null=True,
        blank=True,
        help_text=_("What brought it about."),
    )
    client_name = client_name()
    client_ip = client_ip()
    number_of_changes = models.IntegerField(default=1, db_default=1, help_text=_("1 in each row."))

    objects = DeviceEventQuerySet.as_manager()

    class Meta:
        verbose_name = _("session change")
        verbose_name_plural = _("session changes")

    def __str__(self) -> str:
        return f"{self.get_change_display()} {self.occurred_at:%Y-%m-%d %H:%M}"
