"""Panels on the page of a device."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.core.admin.detail import Visit, list_url, object_link
from apps.core.admin.unranked import unranked_order, unranked_table
from apps.core.admin.values import Table, columns, moment_html
from apps.devices.models import Device
from apps.devices.panels import Panel, register
from apps.users import tables
from apps.users.models import Login, Session, UserDevice
from apps.users.words import rights_badge, type_text

USERS_SHOWN = 10
SESSIONS_SHOWN = 8
LOGINS_SHOWN = 8
LOGIN_DAYS = 30


def users(device: Device, visit: Visit) -> Mapping[str, Any]:
    """Return who used the device lately. Cost: 2 queries."""
    rows = UserDevice.objects.filter(device=device).select_related("user")
    order = unranked_order(UserDevice, ["-last_used_at", "pk"], visit.scope)
    links = list(rows.order_by(*order)[:USERS_SHOWN])
    visit.saw(links)
    table = Table(
        caption=_("Users of this device"),
        columns=columns(_("User"), _("Type"), _("Rights"), _("Last used"), _("First used")),
        rows=[
            [
                object_link(link.user, visit.scope),
                type_text(link.user),
                rights_badge(visit.scope.show(link, "rights")),
                moment_html(link.last_used_at, visit.now),
                moment_html(link.first_used_at, visit.now),
            ]
            for link in links
        ],
        empty=_("No user was reported: nobody logged in, or names are not collected."),
    )
    times = {3: "last_used_at", 4: "first_used_at"}
    return {"tables": [unranked_table(table, visit.scope, UserDevice, times)]}


def sessions(device: Device, visit: Visit) -> Mapping[str, Any]:
    """Return the newest sessions. Cost: 1 query."""
    rows = Session.objects.kept().filter(device=device).select_related("user")
    newest = list(rows.order_by("-start_time_at", "-pk")[:SESSIONS_SHOWN])
    visit.saw(newest)
    table = tables.sessions(
        newest,
        visit,
        whom="user",
        caption=_("Sessions of this device"),
        empty=_("No session was reported: nobody logged in, or the collector tells none."),
        more=list_url(Session, device__id__exact=device.pk),
    )
    return {"tables": [table]}


def logins(device: Device, visit: Visit) -> Mapping[str, Any]:
    """Return the newest logins. Cost: 1 query."""
    since = visit.now - timedelta(days=LOGIN_DAYS)
    rows = Login.objects.kept().filter(device=device, occurred_at__gte=since)
    rows = rows.select_related("user")
    newest = list(rows.order_by("-occurred_at", "-id")[:LOGINS_SHOWN])
    visit.saw(newest)
    table = tables.logins(
        newest,
        visit,
        whom="user",
        caption=_("Logins of the last 30 days"),
        empty=_("No login was reported in the last 30 days."),
        more=list_url(Login, device=device.pk, window="30d"),
    )
    return {"tables": [table]}


register(
    Panel("users", gettext_lazy("Users"), 50, users, permission="users.view_user", is_wide=True)
)
register(
    Panel(
        "sessions",
        gettext_lazy("Sessions"),
        55,
        sessions,
        permission="users.view_session",
        is_wide=True,
    )
)
register(
    Panel("logins", gettext_lazy("Logins"), 60, logins, permission="users.view_login", is_wide=True)
)
