"""Forms of the console: sign-in, accounts, profiles."""

from collections.abc import Iterable
from functools import cache
from itertools import groupby
from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.apps import apps
from django.conf import settings
from django.contrib.auth.models import Permission
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.forms import AdminOwnPasswordChangeForm, AuthenticationForm
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminPasswordWidget,
    UnfoldAdminSelectWidget,
)

from apps.accounts.choices import AccountKind, ProfileKind
from apps.accounts.models import Account, Profile
from apps.accounts.services import set_password
from apps.accounts.sign_in import check_limits
from apps.core import clock
from apps.core.personal_data.registry import own_models

ACTIONS = {  # that Django gives every model
    "add": _("Can add %(name)s"),
    "change": _("Can change %(name)s"),
    "delete": _("Can delete %(name)s"),
    "view": _("Can view %(name)s"),
}
ACCOUNT_KINDS = [(kind.value, kind.label) for kind in AccountKind if kind != AccountKind.MAIN]


class SignInForm(AuthenticationForm):
    """Login and password; after too many failures the password is not looked at."""

    def clean(self) -> dict[str, Any]:
        """Check the limits, then the password."""
        check_limits(self.request, self.cleaned_data.get("username") or "")
        cleaned: dict[str, Any] = super().clean()
        return cleaned


class OwnPasswordForm(AdminOwnPasswordChangeForm):
    """One's own new password, stored by the service: it is audited and ends other sessions."""

    def save(self, commit: bool = True) -> Account:
        """Set the password."""
        account: Account = self.user
        password = self.cleaned_data["new_password1"]
        return set_password(account=account, password=password, actor=account, now=clock.now())


class PasswordFields(forms.ModelForm):
    """Two fields for a password that is set or left alone."""

    new_password = forms.CharField(
        label=_("New password"),
        required=False,
        strip=False,
        widget=UnfoldAdminPasswordWidget(attrs={"autocomplete": "new-password"}),
        help_text=_("At least 12 characters. Left empty, nothing changes."),
    )
    new_password_again = forms.CharField(
        label=_("New password again"),
        required=False,
        strip=False,
        widget=UnfoldAdminPasswordWidget(attrs={"autocomplete": "new-password"}),
    )

    def clean(self) -> dict[str, Any]:
        """Compare the two and refuse a weak one."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        password = cleaned.get("new_password") or ""
        if password != (cleaned.get("new_password_again") or ""):
            self.add_error("new_password_again", _("The two passwords differ."))
        elif password:
            self._refuse_weak(password)
        return cleaned

    def _refuse_weak(self, password: str) -> None:
        """Ask the validators, which compare with login, name and address too."""
        try:
            validate_password(password, self.instance)
        except ValidationError as error:
            self.add_error("new_password", error)


@cache
def zones() -> list[str]:
    """Return the names of time zones, in order."""
    return sorted(zone for zone in available_timezones() if "/" in zone or zone == "UTC")


class AccountForm(PasswordFields):
    """An account as an administrator edits it; `services` store it."""

    language = forms.ChoiceField(
        label=_("Language"),
        required=False,
        choices=lambda: [("", _("As the browser asks")), *settings.LANGUAGES],
        widget=UnfoldAdminSelectWidget,
    )
    time_zone = forms.ChoiceField(
        label=_("Time zone"),
        required=False,
        choices=lambda: [("", _("As the instance")), *((zone, zone) for zone in zones())],
        widget=UnfoldAdminSelectWidget,
    )

    class Meta:
        model = Account
        fields = [
            "login",
            "display_name",
            "email",
            "kind",
            "main_profile",
            "additional_profiles",
            "language",
            "time_zone",
            "expires_at",
        ]
        widgets = {"additional_profiles": UnfoldAdminCheckboxSelectMultipleWidget}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "kind" in self.fields:
            self.fields["kind"].choices = ACCOUNT_KINDS  # type: ignore[attr-defined]
        if "main_profile" in self.fields:
            own = Profile.objects.main().filter(built_in="")
            self.fields["main_profile"].queryset = own  # type: ignore[attr-defined]
        if "additional_profiles" in self.fields:
            added = Profile.objects.additional()
            self.fields["additional_profiles"].queryset = added  # type: ignore[attr-defined]


class ProfileForm(forms.ModelForm):
    """A profile with its permissions; `services` store it."""

    permissions = forms.ModelMultipleChoiceField(
        label=_("Permissions"),
        queryset=Permission.objects.none(),
        required=False,
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
        help_text=_("What this profile may do within its view domain."),
    )

    class Meta:
        model = Profile
        fields = ["name", "kind", "description", "privacy_level", "landing_page"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "permissions" in self.fields:
            field: Any = self.fields["permissions"]
            field.queryset = _own_permissions()
            field.choices = _by_area(field.queryset)
        if self.instance.pk:
            self.initial["permissions"] = self.instance.group.permissions.all()

    def clean_landing_page(self) -> str:
        """Refuse an address outside this console."""
        page = str(self.cleaned_data["landing_page"])
        if page and (not page.startswith("/admin/") or "//" in page or "\\" in page):
            raise ValidationError(
                _("Give an address within this console, such as /admin/devices/device/."),
                code="landing_page_invalid",
            )
        return page

    def clean_kind(self) -> str:
        """Return one of the kinds."""
        return ProfileKind(self.cleaned_data["kind"]).value


def _own_permissions() -> Any:
    """Return the permissions on tables of ours, by area."""
    labels = {model._meta.app_label for model in own_models()}
    rows = Permission.objects.filter(content_type__app_label__in=labels)
    return rows.select_related("content_type").order_by("content_type__app_label", "name")


def permission_text(permission: Permission) -> str:
    """Return what a permission allows, in words; the database keeps them in English alone."""
    model = permission.content_type.model_class()
    action, _separator, name = permission.codename.partition("_")
    if model is None or action not in ACTIONS or name != model._meta.model_name:
        return gettext(permission.name)
    return ACTIONS[action] % {"name": model._meta.verbose_name}


def _by_area(permissions: Iterable[Permission]) -> list[tuple[str, list[tuple[int, str]]]]:
    """Return choices in groups, one for each app."""
    areas = groupby(permissions, key=lambda permission: permission.content_type.app_label)
    return [
        (str(apps.get_app_config(label).verbose_name), [(p.pk, permission_text(p)) for p in group])
        for label, group in areas
    ]
