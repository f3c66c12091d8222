"""Administration of collectors: looked at, revoked."""

from collections.abc import Sequence
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.decorators import action, display

from apps.accounts.http import AccountRequest
from apps.collectors.choices import CollectorState
from apps.collectors.models import Collector, EnrolmentKey
from apps.collectors.panels import clock_text, collector_facts, configuration_text
from apps.collectors.services import enrolment
from apps.collectors.words import collector_badge
from apps.core import clock
from apps.core.admin import ConfirmingMixin, DetailAdmin, Visit
from apps.core.admin.columns import Column
from apps.core.admin.detail import bound, change_url, object_link, short_name
from apps.core.admin.values import Button, Fact, moment_html
from apps.core.formats import is_for_machines, machine_text
from apps.core.http import ScopedRequest

CONSEQUENCES = [
    _("Its token ends at once: it can neither report nor ask for anything."),
    _("The data of its device stay to their terms. To come back it needs a new enrolment key."),
]
PERMISSION = "collectors.change_collector"  # who may end a collector's trust
REVOCABLE = [CollectorState.ACTIVE, CollectorState.CONFLICTED]


@admin.register(Collector)
class CollectorAdmin(ConfirmingMixin, DetailAdmin):
    """The agents on the devices."""

    empty_text = _(
        "No collector has enrolled yet, or none in your view domain. Make an enrolment key and "
        "install the collector with it."
    )

    list_display: Sequence[Any] = ["state_badge", "version", "contact", "configuration", "clock"]
    list_filter = ["state", "version"]
    list_select_related = ["device"]
    ordering = ["-last_contact_at", "-pk"]
    show_full_result_count = False
    actions = ["revoke"]

    @display(description=_("State"), ordering="state")
    def state_badge(self, collector: Collector) -> str:
        """Return where it stands."""
        return collector_badge(collector.state)

    @display(description=_("Last contact"), ordering="last_contact_at")
    def contact(self, collector: Collector) -> str:
        """Return when it was last heard of."""
        return moment_html(collector.last_contact_at, clock.now(), never=_("never"))

    @display(description=_("Configuration"))
    def configuration(self, collector: Collector) -> str:
        """Return issued and used version."""
        issued, used = collector.configuration_version, collector.reported_configuration_version
        text, _hint = configuration_text(collector)
        return text if issued == used else f"{text} ({_('issued')}: {issued})"

    @display(description=_("Clock"), ordering="clock_offset_ms")
    def clock(self, collector: Collector) -> str:
        """Return how the device's clock differs."""
        if is_for_machines():
            return machine_text(collector.clock_offset_ms)
        text, hint = clock_text(collector)
        return text if collector.clock_offset_ms and "span" in text else hint

    @action(description=_("Revoke"), permissions=["revoke"])
    def revoke(self, request: AccountRequest, queryset: QuerySet[Collector]) -> HttpResponse | None:
        """Revoke collectors, after a question."""
        managed = queryset.permitted_to(request.scope, "manage")  # type: ignore[attr-defined]
        chosen = list(managed.filter(state__in=REVOCABLE).select_related("device"))
        if not self.is_confirmed(request):
            return self.ask(
                request,
                question=ngettext("Revoke %d collector?", "Revoke %d collectors?", len(chosen))
                % len(chosen),
                names=[short_name(collector.device, request.scope) for collector in chosen],
                consequences=CONSEQUENCES,
                do=_("Revoke"),
                back=request.get_full_path(),
                action="revoke",
                selected=chosen,
            )
        for collector in chosen:
            enrolment.revoke(collector=collector, actor=request.user, now=clock.now())
        text = ngettext("%d collector revoked.", "%d collectors revoked.", len(chosen))
        self.message_user(request, text % len(chosen), messages.SUCCESS)
        return None

    def has_revoke_permission(self, request: AccountRequest, obj: Any = None) -> bool:
        """Ask for the permission to change collectors."""
        return PERMISSION in request.scope.permissions

    def get_list_display(self, request: ScopedRequest) -> Sequence[Column]:
        """Begin with the device, by the name that the caller may see."""
        scope = request.scope
        name = bound(
            "device_name", _("Device"), lambda collector: short_name(collector.device, scope)
        )
        return [name, *super().get_list_display(request)]

    def name_of(self, request: Any, obj: Collector) -> str:
        """Call a collector by its device: its own id would tell more than a name may."""
        return short_name(obj.device, request.scope)

    def facts(self, obj: Collector, visit: Visit) -> Sequence[Fact]:
        """Return how it stands. Cost: 1 query."""
        keys = EnrolmentKey.objects.permitted_to(visit.scope)
        key = keys.filter(pk=obj.enrolment_key_id or 0).first()  # 0: a key that is gone
        return [
            Fact(_("Device"), object_link(obj.device, visit.scope)),
            *collector_facts(obj, visit),
            Fact(_("Enrolment key"), object_link(key, visit.scope)),
            Fact(_("Configuration issued"), moment_html(obj.configuration_issued_at, visit.now)),
            Fact(_("Id"), visit.scope.show(obj, "uid")),
        ]

    def buttons(self, obj: Collector, visit: Visit) -> Sequence[Button]:
        """Lead to the device, and to the question whether to revoke it."""
        ways = [Button(_("Open the device"), change_url(obj.device), "computer")]
        if obj.state in REVOCABLE and visit.may(PERMISSION):
            address = reverse("admin:collectors_collector_revoke", args=[obj.pk])
            ways.append(Button(_("Revoke"), address, "block", is_danger=True))
        return ways

    def notice(self, obj: Collector, visit: Visit) -> Any:
        """Say what a conflict means."""
        if not obj.conflict_at:
            return ""
        when = moment_html(obj.conflict_at, visit.now)
        text = _("Another machine showed this identity, as a copied disk does. It was turned away")
        return format_html("{}: {}", text, when)

    def get_urls(self) -> list[URLPattern]:
        """Add the page that asks."""
        view = self.admin_site.admin_view(self.revoke_view)
        own = path("<path:object_id>/revoke/", view, name="collectors_collector_revoke")
        return [own, *super().get_urls()]

    def revoke_view(self, request: Any, object_id: str) -> HttpResponse:
        """Ask, then revoke one collector."""
        collector = self.found(request, object_id)
        if not (self.has_revoke_permission(request) and self._manages(request, collector)):
            raise PermissionDenied
        if not self.is_confirmed(request):
            return self.ask(
                request,
                question=_("Revoke this collector?"),
                names=[short_name(collector.device, request.scope)],
                consequences=CONSEQUENCES,
                do=_("Revoke"),
                back=change_url(collector),
                about=collector,
            )
        enrolment.revoke(collector=collector, actor=request.user, now=clock.now())
        self.message_user(request, _("The collector is revoked."), messages.SUCCESS)
        return HttpResponseRedirect(change_url(collector))
