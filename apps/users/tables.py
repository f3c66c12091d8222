"""Tables of sessions and logins that several pages show."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _

from apps.core.admin.detail import Visit, change_url, list_url, object_link
from apps.core.admin.values import Table, Text, columns, link, moment_html
from apps.core.formats import NOTHING, duration_text
from apps.users.models import Login, Session, SessionChange
from apps.users.words import state_badge

TEMPLATE = "admin/core/section_tables.html"
CHANGES_SHOWN = 100
MILLISECOND = timedelta(milliseconds=1)


def length_text(session: Session, now: datetime) -> str:
    """Return how long a session lasted, or has so far."""
    return duration_text(
        max(((session.end_time_at or now) - session.start_time_at) / MILLISECOND, 0)
    )


def sessions(
    rows: Sequence[Session], visit: Visit, *, whom: str, caption: Text, empty: Text, more: str = ""
) -> Table:
    """Return sessions as a table. whom: "user" or "device", the column that the page is not of."""
    heads = {"user": _("User"), "device": _("Device")}
    return Table(
        caption=caption,
        columns=columns(
            _("Start"),
            heads[whom],
            _("End"),
            _("Length"),
            _("State"),
            _("Protocol"),
            _("Client"),
            numbers=[3],
        ),
        rows=[_session(row, visit, whom) for row in rows],
        empty=empty,
        more=more,
    )


def _session(row: Session, visit: Visit, whom: str) -> list[Any]:
    return [
        link(change_url(row), moment_html(row.start_time_at, visit.now)),
        object_link(getattr(row, whom), visit.scope),
        moment_html(row.end_time_at, visit.now, never=_("open")),
        length_text(row, visit.now),
        state_badge(row),
        row.get_protocol_display() or NOTHING,
        visit.scope.show(row, "client_name") or NOTHING,
    ]


def logins(
    rows: Sequence[Login], visit: Visit, *, whom: str, caption: Text, empty: Text, more: str = ""
) -> Table:
    """Return logins as a table. whom: "user" or "device", the column that the page is not of."""
    heads = {"user": _("User"), "device": _("Device")}
    return Table(
        caption=caption,
        columns=columns(
            _("When"),
            heads[whom],
            _("How"),
            _("Until desktop is visible"),
            _("Until desktop is ready"),
            numbers=[3, 4],
        ),
        rows=[
            [
                moment_html(login.occurred_at, visit.now),
                object_link(getattr(login, whom), visit.scope),
                login.get_logon_type_display() or NOTHING,
                duration_text(login.time_until_desktop_is_visible_ms),
                duration_text(login.time_until_desktop_is_ready_ms),
            ]
            for login in rows
        ],
        empty=empty,
        more=more,
    )


def changes_of(session: Session, visit: Visit) -> Table:
    """Return what happened in a session, the newest first. Cost: 1 query."""
    changes = (
        SessionChange.objects.kept()
        .filter(
            device=session.device_id,
            user=session.user_id,
            session_id=session.session_id,
            occurred_at__gte=session.start_time_at - timedelta(hours=1),
            occurred_at__lte=session.seen_at,
        )
        .order_by("-occurred_at", "-id")
    )
    rows = [visit.scope.told(row) for row in changes[:CHANGES_SHOWN]]
    return Table(
        caption=_("Changes of this session"),
        columns=columns(_("When"), _("Change"), _("Reason"), _("Protocol"), _("Client")),
        rows=[
            [
                moment_html(row.occurred_at, visit.now),
                row.get_change_display(),
                row.get_reason_display() or NOTHING,
                row.get_protocol_display() or NOTHING,
                visit.scope.show(row, "client_name") or NOTHING,
            ]
            for row in rows
        ],
        empty=_("No change was reported: none happened, or only logins are collected."),
        more=list_url(SessionChange, device=session.device_id, window="30d"),
    )
