"""The employees' accounts on devices, and the page of one of them."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from apps.accounts.http import AccountRequest
from apps.core import clock
from apps.core.admin import DetailAdmin, Visit
from apps.core.admin.columns import Column
from apps.core.admin.detail import own_name
from apps.core.admin.fleet import FleetMixin
from apps.core.admin.values import Fact, Section, moment_html
from apps.core.http import ScopedRequest
from apps.core.scope import Scope
from apps.organization.values_filter import CustomFieldFilter
from apps.organization.values_page import CustomValuesMixin
from apps.users import services, user_page
from apps.users.models import User
from apps.users.words import name_badge


class SeenFilter(admin.SimpleListFilter):
    """When the last data about a user came."""

    title = _("last data")
    parameter_name = "seen"
    made_of = ("last_seen_at",)

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Offer spans of time."""
        return [
            ("24h", _("Within 24 hours")),
            ("7d", _("Within 7 days")),
            ("30d", _("Within 30 days")),
            ("silent", _("Silent for over 30 days")),
        ]

    def queryset(self, request: Any, queryset: Any) -> Any:
        """Keep the users of the chosen span."""
        now = clock.now()
        spans = {"24h": timedelta(days=1), "7d": timedelta(days=7), "30d": timedelta(days=30)}
        if self.value() == "silent":
            return queryset.silent_since(now - spans["30d"], request.scope)
        if self.value() in spans:
            return queryset.seen_since(now - spans[str(self.value())], request.scope)
        return queryset


@admin.register(User)
class UserAdmin(FleetMixin, CustomValuesMixin, DetailAdmin):
    """Accounts of employees; never logins to this console."""

    empty_text = _(
        "No user was reported yet. A user appears with the first login or program of a device, "
        "if names or pseudonyms are collected."
    )

    list_display: Sequence[Any] = ["type", "rights", "name_kind", "seen", "since"]
    list_filter = [SeenFilter, "type", "rights", "name_privacy_level", CustomFieldFilter]
    fleet_fields = frozenset({"rights", "groups", "last_seen_at", "first_seen_at"})
    search_fields = ["name", "upn", "sid"]
    search_help_text = _("Search by name, principal name or SID")
    ordering = ["-last_seen_at", "-pk"]
    list_per_page = 50
    show_full_result_count = False
    actions = None

    @display(description=_("Name is"), ordering="name_privacy_level")
    def name_kind(self, user: User) -> str:
        """Return what the name holds."""
        return name_badge(user)

    @display(description=_("Last seen"), ordering="last_seen_at")
    def seen(self, user: User) -> str:
        """Return when data about it came last."""
        return moment_html(user.last_seen_at, clock.now())

    @display(description=_("First seen"), ordering="first_seen_at")
    def since(self, user: User) -> str:
        """Return when data about it came first."""
        return moment_html(user.first_seen_at, clock.now())

    def get_list_display(self, request: ScopedRequest) -> Sequence[Column]:
        """Begin with the name that the caller may see."""
        return [own_name(User, request.scope, _("Name")), *super().get_list_display(request)]

    def found(self, request: Any, object_id: str) -> User:
        """Return the user as the devices that the caller sees tell it. Cost: at most 2 queries."""
        return user_page.as_seen(super().found(request, object_id), request.scope)

    def own_figures(self, rows: Sequence[User], scope: Scope) -> None:
        """Show rights and times as the caller's devices tell them. Cost: 1 query."""
        user_page.tell_as_seen(rows, scope)

    def opened(self, request: AccountRequest, obj: User, visit: Visit) -> None:
        """Record who looks at whom."""
        services.open_user(user=obj, actor=request.user, now=visit.now, also=visit.seen)

    def facts(self, obj: User, visit: Visit) -> Sequence[Fact]:
        """Return what is known of the account."""
        return user_page.facts(obj, visit)

    def sections(self, obj: User, visit: Visit) -> Sequence[Section]:
        """Return devices, sessions, logins and activity. Cost: at most 7 queries."""
        return user_page.sections(obj, visit)
