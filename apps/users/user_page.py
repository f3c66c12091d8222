"""What the page of one user shows: within the caller's view domain, by what the caller may see."""

from collections.abc import Iterator, Sequence
from datetime import timedelta

from django.db.models import Case, Max, Min, When
from django.utils.translation import gettext_lazy as _

from apps.core.admin import Visit
from apps.core.admin.detail import object_link
from apps.core.admin.values import Fact, Section, Table, columns, moment_html
from apps.core.scope import Scope
from apps.devices.models import Device
from apps.organization.values_page import sections_of
from apps.users import charts, groups, tables, timeline
from apps.users.choices import Rights
from apps.users.models import Login, Session, User, UserDevice
from apps.users.words import group_badges, name_badge, rights_badge, type_text

DEVICES_SHOWN = 20
SESSIONS_SHOWN = 50  # drawn; the table below shows fewer
SESSION_ROWS = 10
LOGINS_SHOWN = 30
LOGIN_DAYS = 30


def as_seen(user: User, scope: Scope) -> User:
    """Return a user as the devices of the caller's view domain tell it.

    Rights, groups and times of use are otherwise those of all devices. Cost: 1 query where not all
    are seen.
    """
    if scope.is_unrestricted:
        return user
    links = list(
        UserDevice.objects.filter(user=user, device__in=Device.objects.permitted_to(scope))
    )
    held = [Rights(link.rights) for link in links]
    user.rights = max(held, key=groups.ORDER.index, default=Rights.UNKNOWN)
    user.groups = sorted({name for link in links for name in link.groups})
    user.first_seen_at = min((link.first_used_at for link in links), default=user.first_seen_at)
    user.last_seen_at = max((link.last_used_at for link in links), default=user.last_seen_at)
    return user


def tell_as_seen(users: Sequence[User], scope: Scope) -> None:
    """Replace rights and times of many users by what the devices of the view domain tell.

    Cost: 1 query; groups, of which a list shows none, stay.
    """
    rank = Case(*(When(rights=rights, then=place) for place, rights in enumerate(groups.ORDER)))
    told = (
        UserDevice.objects.filter(user__in=users, device__in=Device.objects.permitted_to(scope))
        .values_list("user_id")
        .annotate(rank=Max(rank), first=Min("first_used_at"), last=Max("last_used_at"))
        .order_by()
    )
    people = {user.pk: user for user in users}
    for user_id, place, first, last in told:
        user = people[user_id]
        user.rights, user.first_seen_at, user.last_seen_at = groups.ORDER[place], first, last


def facts(user: User, visit: Visit) -> Sequence[Fact]:
    """Return what is known of the account."""
    show = visit.scope.show
    return [
        Fact(_("Name"), show(user, "name"), hint=str(show(user, "uid"))),
        Fact(_("Name is"), name_badge(user)),
        Fact(_("Type"), type_text(user)),
        Fact(_("Principal name"), show(user, "upn")),
        Fact(_("SID"), show(user, "sid")),
        Fact(_("Rights"), rights_badge(show(user, "rights"))),
        Fact(_("Department"), show(user, "ad_department")),
        Fact(_("Job title"), show(user, "ad_job_title")),
        Fact(_("Last seen"), moment_html(user.last_seen_at, visit.now)),
        Fact(_("First seen"), moment_html(user.first_seen_at, visit.now)),
    ]


def sections(user: User, visit: Visit) -> list[Section]:
    """Return the parts of the page. Cost: at most 8 queries."""
    devices = Device.objects.permitted_to(visit.scope)
    links = list(
        UserDevice.objects.filter(user=user, device__in=devices)
        .select_related("device__entity")
        .order_by("-last_used_at", "pk")[:DEVICES_SHOWN]
    )
    visit.saw(links)
    links = [visit.scope.told(link) for link in links]
    return list(_sections(user, links, visit))


def _sections(user: User, links: Sequence[UserDevice], visit: Visit) -> Iterator[Section]:
    ids = [link.device_id for link in links]
    tabled = {"tables": [_devices(links, visit)]}
    yield Section("devices", _("Devices and rights"), tables.TEMPLATE, tabled, is_wide=True)
    badges = group_badges(visit.scope.show(user, "groups"))
    yield Section("groups", _("Groups"), "admin/users/groups.html", badges)
    yield from sections_of(user, visit)
    if visit.may("users.view_session"):
        yield _sessions(user, ids, visit)
    if visit.may("users.view_sessionsample"):
        data = charts.activity(user, ids, visit.now)
        yield Section("activity", _("Activity by day"), charts.TEMPLATE, data, is_wide=True)
    if visit.may("users.view_login"):
        yield _logins(user, ids, visit)


def _devices(links: Sequence[UserDevice], visit: Visit) -> Table:
    return Table(
        caption=_("Devices of this user"),
        columns=columns(
            _("Device"),
            _("Entity"),
            _("Rights there"),
            _("Last used"),
            _("First used"),
        ),
        rows=[
            [
                object_link(link.device, visit.scope),
                link.device.entity.name,
                rights_badge(visit.scope.show(link, "rights")),
                moment_html(link.last_used_at, visit.now),
                moment_html(link.first_used_at, visit.now),
            ]
            for link in links
        ],
        empty=_("No device of your view domain."),
    )


def _sessions(user: User, device_ids: Sequence[int], visit: Visit) -> Section:
    rows = Session.objects.kept().filter(user=user, device__in=device_ids).select_related("device")
    newest = list(rows.order_by("-start_time_at", "-pk")[:SESSIONS_SHOWN])
    visit.saw(newest)
    newest = [visit.scope.told(row) for row in newest]
    table = tables.sessions(
        newest[:SESSION_ROWS],
        visit,
        whom="device",
        caption=_("Newest sessions"),
        empty=_("No session was reported on a device of your view domain."),
    )
    data = {"days": timeline.of_sessions(newest, visit.now), "table": table}
    return Section("sessions", _("Sessions"), timeline.TEMPLATE, data, is_wide=True)


def _logins(user: User, device_ids: Sequence[int], visit: Visit) -> Section:
    """Return the newest logins on these devices: their index serves, a scan of all does not."""
    since = visit.now - timedelta(days=LOGIN_DAYS)
    rows = Login.objects.kept().filter(device__in=device_ids, user=user, occurred_at__gte=since)
    newest = list(rows.select_related("device").order_by("-occurred_at", "-id")[:LOGINS_SHOWN])
    visit.saw(newest)
    newest = [visit.scope.told(row) for row in newest]
    table = tables.logins(
        newest,
        visit,
        whom="device",
        caption=_("Logins of the last 30 days"),
        empty=_("No login was reported in the last 30 days."),
    )
    drawn = charts.logins(newest)
    data = {**(drawn or {}), "table": table, "is_open": drawn is None}
    return Section("logins", _("Logins"), charts.TEMPLATE, data, is_wide=True)
