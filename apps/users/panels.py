"""Panels on the page of a device."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.core.admin.detail import Visit, list_url, object_link
from apps.core.admin.values import Table, badge, columns, moment_html
from apps.core.formats import NOTHING, duration_text
from apps.devices.models import Device
from apps.devices.panels import Panel, register
from apps.users.choices import NamePrivacyLevel, UserType
from apps.users.models import Login, User, UserDevice

USERS_SHOWN = 10
LOGINS_SHOWN = 8
LOGIN_DAYS = 30
NAME_TONES = {NamePrivacyLevel.CLEAR: "info", NamePrivacyLevel.HASHED: "success"}


def users(device: Device, visit: Visit) -> Mapping[str, Any]:
    """Return who used the device lately. Cost: 1 query."""
    rows = UserDevice.objects.filter(device=device).select_related("user")
    links = list(rows.order_by("-last_used_at", "pk")[:USERS_SHOWN])
    visit.saw(links)
    return {
        "tables": [
            Table(
                caption=_("Users of this device"),
                columns=columns(_("User"), _("Type"), _("Last used"), _("First used")),
                rows=[
                    [
                        object_link(link.user, visit.scope),
                        type_text(link.user),
                        moment_html(link.last_used_at, visit.now),
                        moment_html(link.first_used_at, visit.now),
                    ]
                    for link in links
                ],
                empty=_("No user was reported: nobody logged in, or names are not collected."),
            )
        ]
    }


def logins(device: Device, visit: Visit) -> Mapping[str, Any]:
    """Return the newest logins. Cost: 1 query."""
    since = visit.now - timedelta(days=LOGIN_DAYS)
    rows = Login.objects.filter(device=device, occurred_at__gte=since).select_related("user")
    newest = list(rows.order_by("-occurred_at", "-id")[:LOGINS_SHOWN])
    visit.saw(newest)
    return {
        "tables": [
            Table(
                caption=_("Logins of the last 30 days"),
                columns=columns(
                    _("When"), _("User"), _("How"), _("Until desktop is ready"), numbers=[3]
                ),
                rows=[
                    [
                        moment_html(login.occurred_at, visit.now),
                        object_link(login.user, visit.scope),
                        login.get_logon_type_display() or NOTHING,
                        duration_text(login.time_until_desktop_is_ready_ms),
                    ]
                    for login in newest
                ],
                empty=_("No login was reported in the last 30 days."),
                more=list_url(Login, device=device.pk, window="30d"),
            )
        ]
    }


def type_text(user: User) -> str:
    """Return where an account belongs."""
    return str(UserType(user.type).label)


def name_badge(user: User) -> str:
    """Return what the name of a user holds."""
    level = NamePrivacyLevel(user.name_privacy_level)
    return badge(level.label, NAME_TONES.get(level, ""))


register(Panel("users", gettext_lazy("Users"), 50, users, permission="users.view_user"))
register(Panel("logins", gettext_lazy("Logins"), 60, logins, permission="users.view_login"))
