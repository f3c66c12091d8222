"""Administration of users: the employees' accounts on devices, to look at."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.contrib import admin
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from apps.accounts.http import AccountRequest
from apps.core import clock
from apps.core.admin import DetailAdmin, Visit
from apps.core.admin.columns import Column
from apps.core.admin.detail import object_link, own_name
from apps.core.admin.values import Fact, Section, Table, columns, moment_html
from apps.core.formats import NOTHING, duration_text
from apps.core.http import ScopedRequest
from apps.devices.admin import DeviceEventAdmin
from apps.devices.models import Device
from apps.users import services
from apps.users.models import Login, User, UserDevice
from apps.users.panels import name_badge, type_text

TABLES = "admin/core/section_tables.html"
DEVICES_SHOWN = 20
LOGINS_SHOWN = 20
LOGIN_DAYS = 30


@admin.register(User)
class UserAdmin(DetailAdmin):
    """Accounts of employees; never logins to this console."""

    empty_text = _(
        "No user was reported yet. A user appears with the first login or program of a device, "
        "if names or pseudonyms are collected."
    )

    list_display: Sequence[Any] = ["type", "name_kind", "seen", "since"]
    list_filter = ["type", "name_privacy_level"]
    search_fields = ["name"]
    search_help_text = _("Search by name")
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

    def opened(self, request: AccountRequest, obj: User, visit: Visit) -> None:
        """Record who looks at whom."""
        services.open_user(user=obj, actor=request.user, now=visit.now, also=visit.seen)

    def facts(self, obj: User, visit: Visit) -> Sequence[Fact]:
        """Return what is known of the account."""
        return [
            Fact(_("Name"), visit.scope.show(obj, "name"), hint=str(visit.scope.show(obj, "uid"))),
            Fact(_("Name is"), name_badge(obj)),
            Fact(_("Type"), type_text(obj)),
            Fact(_("Last seen"), moment_html(obj.last_seen_at, visit.now)),
            Fact(_("First seen"), moment_html(obj.first_seen_at, visit.now)),
        ]

    def sections(self, obj: User, visit: Visit) -> Sequence[Section]:
        """Return devices and logins within the caller's view domain. Cost: 2 queries."""
        devices = Device.objects.permitted_to(visit.scope)
        links = list(
            UserDevice.objects.filter(user=obj, device__in=devices)
            .select_related("device__entity")
            .order_by("-last_used_at", "pk")[:DEVICES_SHOWN]
        )
        visit.saw(links)
        found = [
            Section("devices", _("Devices"), TABLES, {"tables": [_devices(links, visit)]}),
        ]
        if visit.may("users.view_login"):
            table = _logins(obj, [link.device for link in links], visit)
            found.append(Section("logins", _("Logins"), TABLES, {"tables": [table]}))
        return found


@admin.register(Login)
class LoginAdmin(DeviceEventAdmin):
    """Interactive logins."""

    list_display = ["how", "visible_after", "ready_after"]
    list_select_related = ["device", "user"]

    def links(self) -> dict[str, Any]:
        """Lead to device and user."""
        return {**super().links(), "user": _("User")}

    @display(description=_("How"))
    def how(self, login: Login) -> str:
        """Return how somebody logged in."""
        return login.get_logon_type_display() or NOTHING

    @display(description=_("Until desktop is visible"))
    def visible_after(self, login: Login) -> str:
        """Return how long the desktop took to show."""
        return duration_text(login.time_until_desktop_is_visible_ms)

    @display(description=_("Until desktop is ready"))
    def ready_after(self, login: Login) -> str:
        """Return how long the desktop took to answer."""
        return duration_text(login.time_until_desktop_is_ready_ms)


def _devices(links: Sequence[UserDevice], visit: Visit) -> Table:
    return Table(
        caption=_("Devices of this user"),
        columns=columns(_("Device"), _("Entity"), _("Last used"), _("First used")),
        rows=[
            [
                object_link(link.device, visit.scope),
                link.device.entity.name,
                moment_html(link.last_used_at, visit.now),
                moment_html(link.first_used_at, visit.now),
            ]
            for link in links
        ],
        empty=_("No device of your view domain."),
    )


def _logins(user: User, devices: Sequence[Device], visit: Visit) -> Table:
    """Return the newest logins on these devices: their index serves, a scan of all does not."""
    since = visit.now - timedelta(days=LOGIN_DAYS)
    rows = Login.objects.filter(device__in=devices, user=user, occurred_at__gte=since)
    return Table(
        caption=_("Logins of the last 30 days"),
        columns=columns(_("When"), _("Device"), _("How"), _("Until desktop is ready"), numbers=[3]),
        rows=[
            [
                moment_html(login.occurred_at, visit.now),
                object_link(login.device, visit.scope),
                login.get_logon_type_display() or NOTHING,
                duration_text(login.time_until_desktop_is_ready_ms),
            ]
            for login in rows.select_related("device").order_by("-occurred_at", "-id")[
                :LOGINS_SHOWN
            ]
        ],
        empty=_("No login was reported in the last 30 days."),
    )
