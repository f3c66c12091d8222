"""Logins and the other changes of sessions, and remote sessions."""

from typing import Any

from django.contrib import admin
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from apps.core import clock
from apps.core.admin import Visit, made_of
from apps.core.admin.events import WindowFilter
from apps.core.admin.values import Fact, moment_html, yes_no
from apps.core.formats import NOTHING, duration_text
from apps.devices.admin import DeviceEventAdmin
from apps.users.admin.clients import ClientAdmin
from apps.users.models import Login, SessionChange, VdiSession

PARTS = {
    "logon_script_duration_ms": _("Logon scripts"),
    "group_policy_duration_ms": _("Group policy"),
    "profile_load_duration_ms": _("Profile load"),
}


@admin.register(Login)
class LoginAdmin(DeviceEventAdmin):
    """Interactive logins."""

    list_display = ["how", "visible_after", "ready_after", "is_first"]
    list_select_related = ["device", "user"]

    def links(self) -> dict[str, Any]:
        """Lead to device and user."""
        return {**super().links(), "user": _("User")}

    def facts(self, obj: Login, visit: Visit) -> list[Fact]:
        """Return the columns of the list, and the parts of the duration."""
        parts = [Fact(title, duration_text(getattr(obj, name))) for name, title in PARTS.items()]
        return [*super().facts(obj, visit), *parts]

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

    @display(description=_("First login"))
    def is_first(self, login: Login) -> str:
        """Return whether it is the first of this user on this device."""
        return yes_no(login.is_first_login)


@admin.register(SessionChange)
class SessionChangeAdmin(ClientAdmin):
    """Logouts, locks, unlocks, connects and disconnects."""

    list_display = ["what", "why", "way"]
    list_filter = [WindowFilter, "change"]

    @display(description=_("Change"))
    def what(self, row: SessionChange) -> str:
        """Return what changed."""
        return row.get_change_display()

    @display(description=_("Reason"))
    def why(self, row: SessionChange) -> str:
        """Return what brought it about."""
        return row.get_reason_display() or NOTHING


@admin.register(VdiSession)
class VdiSessionAdmin(ClientAdmin):
    """Remote sessions, each at its start."""

    list_display = ["ended", "way", "version", "pool", "handed_out_by"]

    @made_of("end_time_at")
    @display(description=_("End"))
    def ended(self, row: VdiSession) -> str:
        """Return when it ended."""
        return moment_html(row.end_time_at, clock.now())

    @display(description=_("Client version"))
    def version(self, row: VdiSession) -> str:
        """Return the version of the client."""
        return row.client_version or NOTHING

    @display(description=_("Desktop pool"))
    def pool(self, row: VdiSession) -> str:
        """Return the pool of desktops."""
        return row.desktop_pool or NOTHING

    @display(description=_("Broker"))
    def handed_out_by(self, row: VdiSession) -> str:
        """Return what hands out the desktops."""
        return row.get_broker_display() or NOTHING
