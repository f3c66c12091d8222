"""Sessions: who was logged in where, from when to when."""

from collections.abc import Sequence
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from apps.core import clock
from apps.core.admin import DetailAdmin, Visit, made_of
from apps.core.admin.changelist import ScopedChangeList
from apps.core.admin.columns import Column
from apps.core.admin.detail import change_url, linked, object_link
from apps.core.admin.values import Fact, Section, link, moment_html, yes_no
from apps.core.formats import NOTHING
from apps.core.http import ScopedRequest
from apps.core.personal_data.ranking import quarter_of
from apps.users import tables
from apps.users.choices import SessionState
from apps.users.models import Session
from apps.users.words import state_badge


class StateFilter(admin.SimpleListFilter):
    """What a session is doing: the column is derived, so it has no filter of its own."""

    title = _("state")
    parameter_name = "state"
    made_of = ("state",)

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        """Offer the states."""
        return SessionState.choices

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        """Keep the sessions of the chosen state."""
        if self.value() in SessionState.values:
            return queryset.filter(state=self.value())
        return queryset


class SessionChangeList(ScopedChangeList):
    """Sessions; where persons may not be ranked, without those of the quarter of an hour that runs.

    Who looks each minute would see who comes.
    """

    def get_queryset(self, request: Any, exclude_parameters: Any = None) -> QuerySet[Any]:
        """Leave out what began just now."""
        found = super().get_queryset(request, exclude_parameters)
        if request.scope.may_list(Session, "start_time_at"):
            return found
        return found.filter(start_time_at__lt=quarter_of(clock.now()))


@admin.register(Session)
class SessionAdmin(DetailAdmin):
    """Sessions of the devices of the account's view domain."""

    empty_text = _(
        "No session was reported yet. A session appears with the first login or the first quarter "
        "of an hour of somebody who is logged in."
    )

    list_display: Sequence[Any] = ["ended", "length", "doing", "way", "client_name"]
    list_filter = [StateFilter, "protocol"]
    list_select_related = ["device", "user"]
    ordering = ["-start_time_at", "-pk"]
    list_per_page = 50
    show_full_result_count = False
    actions = None

    @display(description=_("Start"), ordering="start_time_at")
    def began(self, session: Session) -> str:
        """Return when it began, as the way to its page."""
        return link(change_url(session), moment_html(session.start_time_at, clock.now()))

    @display(description=_("End"), ordering="end_time_at")
    def ended(self, session: Session) -> str:
        """Return when it ended."""
        return moment_html(session.end_time_at, clock.now(), never=_("open"))

    @made_of("start_time_at", "end_time_at")
    @display(description=_("Length"))
    def length(self, session: Session) -> str:
        """Return how long it lasted, or has so far."""
        return tables.length_text(session, clock.now())

    @made_of("state")
    @display(description=_("State"))
    def doing(self, session: Session) -> str:
        """Return what it is doing."""
        return state_badge(session)

    @display(description=_("Protocol"))
    def way(self, session: Session) -> str:
        """Return how its screen reaches the person."""
        return session.get_protocol_display() or NOTHING

    def get_changelist(self, request: ScopedRequest, **kwargs: Any) -> type[SessionChangeList]:
        """Return a list that does not tell who comes."""
        return SessionChangeList

    def get_list_display(self, request: ScopedRequest) -> Sequence[Column]:
        """Begin with time, person and device."""
        people = [
            linked(request.scope, _("User"), "user"),
            linked(request.scope, _("Device"), "device"),
        ]
        return ["began", *people, *super().get_list_display(request)]

    def get_list_display_links(self, request: Any, list_display: Any) -> Any:
        """Leave the way to the page to the column of the start."""
        return None

    def get_queryset(self, request: ScopedRequest) -> QuerySet[Any]:
        """Read device and user in the same query."""
        return super().get_queryset(request).select_related("device", "user")

    def facts(self, obj: Session, visit: Visit) -> Sequence[Fact]:
        """Return what is known of the session."""
        return [
            Fact(_("User"), object_link(obj.user, visit.scope)),
            Fact(_("Device"), object_link(obj.device, visit.scope)),
            Fact(_("State"), state_badge(obj)),
            Fact(
                _("Start"),
                moment_html(obj.start_time_at, visit.now),
                hint=_("told by a login") if obj.is_start_told else _("first sign of it"),
            ),
            Fact(_("End"), moment_html(obj.end_time_at, visit.now), hint=_end_hint(obj)),
            Fact(_("Length"), tables.length_text(obj, visit.now)),
            Fact(_("Last sign"), moment_html(obj.seen_at, visit.now)),
            Fact(_("Protocol"), obj.get_protocol_display()),
            Fact(_("Remote"), yes_no(obj.is_remote)),
            Fact(_("Client"), visit.scope.show(obj, "client_name")),
            Fact(_("Client address"), visit.scope.show(obj, "client_ip")),
            Fact(_("Session"), visit.scope.show(obj, "session_id")),
        ]

    def sections(self, obj: Session, visit: Visit) -> Sequence[Section]:
        """Return what happened in it. Cost: 2 queries."""
        if not visit.may("users.view_sessionchange"):
            return []
        data = {"tables": [tables.changes_of(obj, visit)]}
        return [Section("changes", _("What happened in it"), tables.TEMPLATE, data, is_wide=True)]


def _end_hint(session: Session) -> Any:
    if session.end_time_at is None:
        return ""
    return _("told by a logout") if session.is_end_told else _("nothing was heard any more")
