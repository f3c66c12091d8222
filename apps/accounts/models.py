"""Accounts of the console and the profiles that say what they may do."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import Group, PermissionsMixin
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _

from apps.accounts.choices import AccountKind, AccountOrigin, AccountState, ProfileKind
from apps.accounts.querysets import AccountManager, ProfileQuerySet
from apps.core import clock
from apps.core.models import UUIDModel
from apps.core.personal_data import PrivacyLevel


class Profile(UUIDModel):
    """A bundle of permissions over a Django group.

    Written by `services.create_profile` and `services.change_profile`, shipped ones by
    `shipping`; deleted by an administrator while no account holds it.
    """

    group = models.OneToOneField(
        Group, on_delete=models.PROTECT, editable=False, related_name="profile"
    )
    name = models.CharField(_("name"), max_length=100, unique=True)
    description = models.TextField(_("description"), blank=True)
    kind = models.CharField(
        _("kind"),
        max_length=16,
        choices=ProfileKind,
        default=ProfileKind.MAIN,
        help_text=_("A main profile stands alone; an additional one adds rights. Fixed."),
    )
    built_in = models.CharField(
        _("built-in name"),
        max_length=32,
        blank=True,
        editable=False,
        help_text=_("Set on profiles that dex itself relies on."),
    )
    privacy_level = models.PositiveSmallIntegerField(
        _("data privacy"),
        choices=PrivacyLevel,
        default=PrivacyLevel.USERS_DEVICES_DESTINATIONS,
        help_text=_("What this profile hides; of several profiles the strictest counts."),
    )
    landing_page = models.CharField(
        _("landing page"),
        max_length=255,
        blank=True,
        help_text=_("Address after sign-in, relative to this console."),
    )

    objects = ProfileQuerySet.as_manager()

    class Meta:
        verbose_name = _("profile")
        verbose_name_plural = _("profiles")
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(
                name="accounts_profile_built_in_once",
                fields=["built_in"],
                condition=~Q(built_in=""),
            ),
            models.CheckConstraint(
                name="accounts_profile_level_known",
                condition=Q(privacy_level__gte=0, privacy_level__lte=3),
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Account(AbstractBaseUser, PermissionsMixin, UUIDModel):
    """Somebody who signs in to the console; never an employee as such.

    Written by `services`; disabled rather than deleted while audit rows name it. `groups` is
    derived from the profiles and written by `services.set_profiles` alone.
    """

    login = models.CharField(
        _("login"),
        max_length=150,
        unique=True,
        help_text=_("Case does not matter. Cannot be changed after the first sign-in."),
        error_messages={"unique": _("An account with this login exists.")},
    )
    display_name = models.CharField(_("name"), max_length=150, blank=True)
    email = models.EmailField(_("e-mail address"), blank=True)
    kind = models.CharField(
        _("kind"), max_length=16, choices=AccountKind, default=AccountKind.ORDINARY
    )
    origin = models.CharField(
        _("origin"), max_length=16, choices=AccountOrigin, default=AccountOrigin.LOCAL
    )
    external_id = models.CharField(
        _("external id"),
        max_length=255,
        blank=True,
        help_text=_("Subject at the identity provider."),
    )
    main_profile = models.ForeignKey(
        Profile,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="main_accounts",
        verbose_name=_("main profile"),
        help_text=_("Gives the view domain and the landing page. Without one nothing is seen."),
    )
    additional_profiles = models.ManyToManyField(
        Profile,
        blank=True,
        related_name="additional_accounts",
        verbose_name=_("additional profiles"),
    )
    state = models.CharField(
        _("state"), max_length=16, choices=AccountState, default=AccountState.ACTIVE
    )
    language = models.CharField(_("language"), max_length=8, blank=True)
    time_zone = models.CharField(_("time zone"), max_length=64, blank=True)
    security_epoch = models.PositiveIntegerField(
        _("security epoch"),
        default=0,
        editable=False,
        help_text=_("Rises when password, state or kind change, and ends older sessions."),
    )
    created_at = models.DateTimeField(_("created"), editable=False)
    expires_at = models.DateTimeField(_("expires"), null=True, blank=True)
    last_signed_in_at = models.DateTimeField(_("last sign-in"), null=True, editable=False)
    last_login = None  # Django's own field; ours follows the naming of instants

    USERNAME_FIELD = "login"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    objects = AccountManager()

    class Meta:
        verbose_name = _("account")
        verbose_name_plural = _("accounts")
        ordering = ["login"]
        constraints = [
            models.UniqueConstraint(
                Lower("login"),
                name="accounts_account_login_once",
                violation_error_message=_("An account with this login exists."),
            ),
            models.UniqueConstraint(
                name="accounts_account_one_main",
                fields=["kind"],
                condition=Q(kind=AccountKind.MAIN),
                violation_error_message=_("There is a main administrator already."),
            ),
            models.UniqueConstraint(
                name="accounts_account_external_once",
                fields=["origin", "external_id"],
                condition=~Q(external_id=""),
            ),
            models.CheckConstraint(
                name="accounts_account_superuser_is_main",
                condition=Q(is_superuser=True, kind=AccountKind.MAIN)
                | (Q(is_superuser=False) & ~Q(kind=AccountKind.MAIN)),
            ),
        ]

    def __str__(self) -> str:
        return self.display_name or self.login

    @property
    def is_active(self) -> bool:  # type: ignore[override]
        """Return whether the account may sign in now; read by Django and guardian."""
        is_expired = self.expires_at is not None and self.expires_at <= clock.now()
        return self.state == AccountState.ACTIVE and not is_expired

    @property
    def is_staff(self) -> bool:
        """Return whether the console is open: to everybody who can sign in."""
        return self.is_active

    def get_full_name(self) -> str:
        """Return the name for greetings."""
        return str(self)

    def get_short_name(self) -> str:
        """Return the name for greetings."""
        return str(self)

    def get_session_auth_hash(self) -> str:
        """Return what a session must carry: it ends with the password or the security epoch."""
        content = f"{self.password}|{self.security_epoch}"
        return salted_hmac("dex.accounts.session", content, algorithm="sha256").hexdigest()
