"""Tables of users and their sessions."""

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from apps.core.models import UUIDModel
from apps.devices.models.links import context_link, device_link
from apps.devices.querysets import DeviceEventQuerySet
from apps.events.links import event_link
from apps.events.models import PunctualEvent
from apps.users.choices import LogonType, NamePrivacyLevel, UserType
from apps.users.querysets import UserQuerySet


class User(UUIDModel):
    """One employee's account on devices: local to one, or of a directory and then shared by many.

    Never a console login. Made by the pipeline when a batch first names it; removed by erasure
    and by retention.
    """

    identity = models.CharField(
        max_length=64,
        unique=True,
        editable=False,
        help_text=_("Hash of what makes it one account."),
    )
    name = models.CharField(
        _("name"),
        max_length=320,
        blank=True,
        db_index=True,
        help_text=_("user@domain, or its pseudonym."),
    )
    username = models.CharField(
        _("user name"),
        max_length=256,
        blank=True,
        help_text=_("Name without domain, or the same pseudonym."),
    )
    name_privacy_level = models.CharField(
        _("name is"),
        max_length=8,
        choices=NamePrivacyLevel,
        default=NamePrivacyLevel.CLEAR,
        help_text=_("What name holds."),
    )
    hash_epoch = models.IntegerField(null=True, blank=True, help_text=_("Epoch of the pseudonym."))
    type = models.CharField(
        _("type"), max_length=16, choices=UserType, help_text=_("Where the account belongs.")
    )
    first_seen_at = models.DateTimeField(_("first seen"), help_text=_("First data about it."))
    last_seen_at = models.DateTimeField(
        _("last seen"), db_index=True, help_text=_("Last data about it, to the hour.")
    )

    objects = UserQuerySet.as_manager()

    class Meta:
        verbose_name = _("user")
        verbose_name_plural = _("users")

    def __str__(self) -> str:
        return self.name or str(self.uid)[:8]


class UserDevice(models.Model):
    """A user who used a device; kept by the pipeline, to the hour."""

    device = models.ForeignKey(
        "devices.Device", on_delete=models.CASCADE, related_name="user_links"
    )
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="device_links")
    first_used_at = models.DateTimeField(_("first used"), help_text=_("First use."))
    last_used_at = models.DateTimeField(_("last used"), help_text=_("Last use, to the hour."))

    class Meta:
        verbose_name = _("use of a device")
        verbose_name_plural = _("uses of devices")
        constraints = [
            models.UniqueConstraint(fields=["device", "user"], name="users_userdevice_key")
        ]

    def __str__(self) -> str:
        return f"{self.user_id} {self.device_id}"


def user_link() -> models.ForeignKey:  # type: ignore[type-arg]
    """Return the link of an event to the user; null where none is known or allowed."""
    return event_link(
        "users.User",
        null=True,
        blank=True,
        verbose_name=_("user"),
        help_text=_("Employee's account."),
    )


class Login(PunctualEvent):
    """One interactive login."""

    device = device_link()
    context = context_link()
    user = user_link()
    session_id = models.CharField(
        max_length=128, blank=True, help_text=_("Id on the device plus boot epoch.")
    )
    number_of_logins = models.IntegerField(default=1, db_default=1, help_text=_("1 in each row."))
    logon_type = models.CharField(  # noqa: DJ001 - absent is null (data-model.md 1.2)
        max_length=16, choices=LogonType, null=True, blank=True, help_text=_("How.")
    )
    time_until_desktop_is_visible_ms = models.BigIntegerField(
        _("until desktop visible"),
        null=True,
        blank=True,
        help_text=_("Credentials accepted to desktop shown."),
    )
    time_until_desktop_is_ready_ms = models.BigIntegerField(
        _("until desktop ready"),
        null=True,
        blank=True,
        help_text=_("The same to a responsive desktop."),
    )

    objects = DeviceEventQuerySet.as_manager()

    class Meta:
        verbose_name = pgettext_lazy("on a device", "login")
        verbose_name_plural = _("logins")

    def __str__(self) -> str:
        return f"{self.occurred_at:%Y-%m-%d %H:%M}"
