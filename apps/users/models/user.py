"""The employee's account, and the devices on which it was used."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.core.models import UUIDModel
from apps.users.choices import NamePrivacyLevel, Rights, UserType
from apps.users.querysets import UserQuerySet

GROUP_LENGTH = 255


def _groups(help_text: object) -> ArrayField:
    return ArrayField(
        models.CharField(max_length=GROUP_LENGTH),
        verbose_name=_("groups"),
        default=list,
        blank=True,
        help_text=help_text,  # type: ignore[arg-type]
    )


def _rights(help_text: object) -> models.CharField:  # type: ignore[type-arg]
    return models.CharField(
        _("rights"),
        max_length=16,
        choices=Rights,
        default=Rights.UNKNOWN,
        help_text=help_text,  # type: ignore[arg-type]
    )


def _directory(length: int, label: object, help_text: object) -> models.CharField:  # type: ignore[type-arg]
    """Return a column that only a directory connector fills."""
    return models.CharField(
        label,  # type: ignore[arg-type]
        max_length=length,
        blank=True,
        help_text=help_text,  # type: ignore[arg-type]
    )


class User(UUIDModel):
    """One employee's account on devices: local to one, or of a directory and then shared by many.

    Never a console login. Made by the pipeline when a batch first names it; what its devices tell
    is kept in `UserDevice` and summed up here by `services.refresh_rights`; removed by erasure and
    by retention.
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
    hash_epoch = models.IntegerField(
        _("hash epoch"), null=True, blank=True, help_text=_("Epoch of the pseudonym.")
    )
    sid = models.CharField(
        _("SID"),
        max_length=256,
        blank=True,
        help_text=_("SID, or numeric id with the device; hashed as the name."),
    )
    upn = models.CharField(
        _("principal name"),
        max_length=320,
        blank=True,
        help_text=_("Principal name, or its pseudonym."),
    )
    upn_privacy_level = models.CharField(
        _("principal name is"),
        max_length=8,
        choices=NamePrivacyLevel,
        default=NamePrivacyLevel.NONE,
        help_text=_("What the principal name holds."),
    )
    type = models.CharField(
        _("type"), max_length=16, choices=UserType, help_text=_("Where the account belongs.")
    )
    rights = _rights(_("Highest rights held on any device."))
    groups = _groups(_("Groups of operating system and directory, of all devices."))
    ad_username = _directory(256, _("directory: user name"), _("Account name in the directory."))
    ad_full_name = _directory(256, _("directory: full name"), _("Full name in the directory."))
    ad_email_address = _directory(
        320, _("directory: mail address"), _("Mail address in the directory.")
    )
    ad_distinguished_name = _directory(
        1_024, _("directory: distinguished name"), _("Path in the directory.")
    )
    ad_department = _directory(256, _("department"), _("Department in the directory."))
    ad_job_title = _directory(256, _("job title"), _("Job title in the directory."))
    ad_office = _directory(256, _("office"), _("Office in the directory."))
    ad_city = _directory(256, _("city"), _("City in the directory."))
    ad_country_code = _directory(16, _("country"), _("Country code in the directory."))
    ad_organizational_unit = _directory(
        1_024, _("organisational unit"), _("Organisational unit in the directory.")
    )
    ad_last_update_at = models.DateTimeField(
        _("last synchronisation"),
        null=True,
        blank=True,
        help_text=_("Last synchronisation with the directory."),
    )
    custom = models.JSONField(
        _("custom fields"), default=dict, blank=True, editable=False, help_text=_("Custom fields.")
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
    """A user who used a device, with the rights held there; kept by the pipeline, to the hour.

    A device that goes takes its rows along, and with them what they add to the user's rights.
    """

    device = models.ForeignKey(
        "devices.Device", on_delete=models.CASCADE, related_name="user_links"
    )
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="device_links")
    rights = _rights(_("Rights held on this device."))
    groups = _groups(_("Groups on this device."))
    first_used_at = models.DateTimeField(_("first used"), help_text=_("First use."))
    last_used_at = models.DateTimeField(_("last used"), help_text=_("Last use, to the hour."))
    first_login_at = models.DateTimeField(
        _("first login"),
        null=True,
        blank=True,
        help_text=_("First login that was reported; what makes a login the first."),
    )

    class Meta:
        verbose_name = _("use of a device")
        verbose_name_plural = _("uses of devices")
        constraints = [
            models.UniqueConstraint(fields=["device", "user"], name="users_userdevice_key")
        ]

    def __str__(self) -> str:
        return f"{self.user_id} {self.device_id}"
