"""Administration of accounts and profiles: every change goes through a service."""

from typing import Any

from django.contrib import admin, messages
from django.contrib.auth.models import Group
from django.db import models
from django.forms import ModelForm
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.decorators import action, display

from apps.accounts import services
from apps.accounts.choices import AccountKind
from apps.accounts.forms import AccountForm, ProfileForm, permission_text
from apps.accounts.http import AccountRequest
from apps.accounts.models import Account, Profile
from apps.core import clock
from apps.core.admin import ScopedAdmin

admin.site.unregister(Group) if admin.site.is_registered(Group) else None


DESCRIPTION = ["display_name", "email", "language", "time_zone", "expires_at"]


class ServiceAdmin(ScopedAdmin):
    """A page whose rows are written by services, so the form itself writes nothing."""

    def save_related(
        self, request: AccountRequest, form: ModelForm, formsets: Any, change: bool
    ) -> None:
        """Leave related rows to the service too."""

    def log_addition(self, request: AccountRequest, obj: Any, message: Any) -> None:
        """Keep no second log beside the audit log."""

    def log_change(self, request: AccountRequest, obj: Any, message: Any) -> None:
        """Keep no second log beside the audit log."""


@admin.register(Account)
class AccountAdmin(ServiceAdmin):
    """Who signs in to the console."""

    form = AccountForm
    list_display = ["login", "display_name", "kind_label", "main_profile", "state_label"]
    list_filter = ["kind", "state", "main_profile"]
    search_fields = ["login", "display_name", "email"]
    list_select_related = ["main_profile"]
    readonly_fields = ["state", "origin", "created_at", "last_signed_in_at"]
    fieldsets = [
        (None, {"fields": ["login", "display_name", "email", "kind", "expires_at"]}),
        (_("Preferences"), {"fields": ["language", "time_zone"]}),
        (_("Rights"), {"fields": ["main_profile", "additional_profiles"]}),
        (_("Password"), {"fields": ["new_password", "new_password_again"]}),
        (_("State"), {"fields": ["state", "origin", "created_at", "last_signed_in_at"]}),
    ]
    actions = ["disable", "enable"]

    @display(description=_("Kind"), ordering="kind")
    def kind_label(self, account: Account) -> str:
        """Return what the account is by birth."""
        return account.get_kind_display()

    @display(
        description=_("State"),
        ordering="state",
        label={"active": "success", "invited": "info", "disabled": "danger"},
    )
    def state_label(self, account: Account) -> tuple[str, str]:
        """Return where the account stands."""
        return account.state, account.get_state_display()

    @action(description=_("Disable"), permissions=["change"])
    def disable(self, request: AccountRequest, queryset: models.QuerySet[Account]) -> None:
        """Close accounts; their sessions end at once."""
        accounts = list(queryset)
        for account in accounts:
            services.disable_account(account=account, actor=request.user, now=clock.now())
        text = ngettext("%d account disabled.", "%d accounts disabled.", len(accounts))
        self.message_user(request, text % len(accounts), messages.SUCCESS)

    @action(description=_("Enable"), permissions=["change"])
    def enable(self, request: AccountRequest, queryset: models.QuerySet[Account]) -> None:
        """Open accounts again."""
        accounts = list(queryset)
        for account in accounts:
            services.enable_account(account=account, actor=request.user, now=clock.now())
        text = ngettext("%d account enabled.", "%d accounts enabled.", len(accounts))
        self.message_user(request, text % len(accounts), messages.SUCCESS)

    def get_fixed_fields(self, request: AccountRequest, obj: Account | None = None) -> list[str]:
        """Fix login and kind once the account is there, an administrator's profile, one's own end."""
        if obj is None:
            return self.readonly_fields
        is_ordinary = obj.kind == AccountKind.ORDINARY
        fixed = [*self.readonly_fields, "login", "kind"]
        fixed += [] if is_ordinary else ["main_profile"]
        return fixed + (["expires_at"] if obj.pk == request.user.pk else [])

    def has_change_permission(self, request: AccountRequest, obj: Account | None = None) -> bool:
        """Let nobody but the main administrator touch administrators."""
        is_allowed = obj is None or services.may_touch(obj, request.user)
        return is_allowed and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: AccountRequest, obj: Account | None = None) -> bool:
        """Refuse: an account that audit rows name is disabled instead."""
        return False

    def save_model(
        self, request: AccountRequest, obj: Account, form: ModelForm, change: bool
    ) -> None:
        """Create or change the account by its services."""
        if change:
            self._change(request.user, obj, form)
        else:
            self._create(request.user, obj, form)

    def _create(self, actor: Account, obj: Account, form: ModelForm) -> None:
        """Create the account and let `obj` stand for it."""
        values = form.cleaned_data
        made = services.create_account(
            login=values["login"],
            kind=values["kind"],
            password=values["new_password"] or None,
            display_name=values["display_name"],
            email=values["email"],
            language=values["language"],
            time_zone=values["time_zone"],
            expires_at=values["expires_at"],
            main_profile=values["main_profile"],
            additional_profiles=values["additional_profiles"],
            actor=actor,
            now=clock.now(),
        )
        obj.__dict__.update(made.__dict__)

    def _change(self, actor: Account, obj: Account, form: ModelForm) -> None:
        """Call the service of each part that changed."""
        account, values, now = Account.objects.get(pk=obj.pk), form.cleaned_data, clock.now()
        if set(DESCRIPTION) & set(form.changed_data):
            described = {name: values.get(name, getattr(account, name)) for name in DESCRIPTION}
            services.change_account(account=account, actor=actor, now=now, **described)
        if {"main_profile", "additional_profiles"} & set(form.changed_data):
            services.set_profiles(
                account=account,
                main_profile=values.get("main_profile", account.main_profile),
                additional_profiles=values["additional_profiles"],
                actor=actor,
                now=now,
            )
        if values["new_password"]:
            password = values["new_password"]
            services.set_password(account=account, password=password, actor=actor, now=now)


@admin.register(Profile)
class ProfileAdmin(ServiceAdmin):
    """What accounts may do, and how much of people they see."""

    form = ProfileForm
    list_display = ["name", "kind", "privacy_level", "description"]
    list_filter = ["kind", "privacy_level"]
    search_fields = ["name", "description"]
    fieldsets = [
        (None, {"fields": ["name", "kind", "description", "privacy_level", "landing_page"]}),
        (_("Permissions"), {"fields": ["permissions"]}),
    ]

    @display(description=_("Permissions"))
    def permissions(self, profile: Profile) -> str:
        """Return the permissions in words, for those who may not change them."""
        if profile.built_in:
            return str(_("Everything"))
        rows = profile.group.permissions.select_related("content_type").order_by("name")
        return ", ".join(map(permission_text, rows)) or "-"

    def get_fixed_fields(self, request: AccountRequest, obj: Profile | None = None) -> list[str]:
        """Fix the kind once the profile is there."""
        return [] if obj is None else ["kind"]

    def has_change_permission(self, request: AccountRequest, obj: Profile | None = None) -> bool:
        """Keep dex's own profiles as they are."""
        is_own = obj is None or not obj.built_in
        return is_own and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: AccountRequest, obj: Profile | None = None) -> bool:
        """Keep dex's own profiles; in lists delete one by one, so that each is audited."""
        is_own = obj is not None and not obj.built_in
        return is_own and super().has_delete_permission(request, obj)

    def save_model(
        self, request: AccountRequest, obj: Profile, form: ModelForm, change: bool
    ) -> None:
        """Create or change the profile by its services."""
        values = {
            name: form.cleaned_data[name]
            for name in ["name", "description", "privacy_level", "landing_page", "permissions"]
        }
        if change:
            profile = Profile.objects.get(pk=obj.pk)
            services.change_profile(profile=profile, actor=request.user, now=clock.now(), **values)
            return
        kind = form.cleaned_data["kind"]
        made = services.create_profile(kind=kind, actor=request.user, now=clock.now(), **values)
        obj.__dict__.update(made.__dict__)

    def delete_model(self, request: AccountRequest, obj: Profile) -> None:
        """Delete by the service."""
        services.delete_profile(profile=obj, actor=request.user, now=clock.now())

    def log_deletions(self, request: AccountRequest, queryset: Any) -> None:
        """Keep no second log beside the audit log."""
