"""Administration of the epochs of pseudonyms: begin a new one, destroy the keys of an old one."""

from collections.abc import Sequence
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from apps.collectors import epochs as known
from apps.collectors.admin.targets import PERMISSION
from apps.collectors.models import HashEpoch
from apps.collectors.services import epochs as service
from apps.core import clock
from apps.core.admin import ConfirmingMixin, DetailAdmin, Visit
from apps.core.admin.columns import Column
from apps.core.admin.detail import bound, change_url, list_url
from apps.core.admin.values import Button, Fact, badge, moment_html
from apps.core.http import ScopedRequest


@admin.register(HashEpoch)
class HashEpochAdmin(ConfirmingMixin, DetailAdmin):
    """Spans during which a name has the same pseudonym."""

    empty_text = _(
        "The first epoch of pseudonyms still holds. Begin a new one to change the keys: whoever "
        "is seen from then on is a new user."
    )
    show_add_link = True
    list_display: Sequence[Any] = ["number", "state_badge", "reason"]
    ordering = ["-number"]
    sortable_by: Sequence[str] = ()
    actions = None

    @display(description=_("State"))
    def state_badge(self, epoch: HashEpoch) -> str:
        """Return whether its pseudonyms can still be told."""
        if epoch.destroyed_at:
            return badge(_("keys destroyed"), "danger")
        return badge(_("over")) if epoch.number < known.current() else badge(_("holds"), "success")

    def get_list_display(self, request: ScopedRequest) -> Sequence[Column]:
        """Add when it began."""
        now = clock.now()
        began = bound("began", _("Began"), lambda epoch: moment_html(epoch.started_at, now))
        return [*super().get_list_display(request), began]

    def has_add_permission(self, request: Any, obj: Any = None) -> bool:
        """Let those begin one who decide what is collected on the whole instance."""
        return PERMISSION in request.scope.permissions and request.scope.is_unrestricted

    def name_of(self, request: Any, obj: HashEpoch) -> str:
        """Call it by its number."""
        return str(_("Epoch %d") % obj.number)

    def facts(self, obj: HashEpoch, visit: Visit) -> Sequence[Fact]:
        """Return since when, and until when its pseudonyms could be told."""
        return [
            Fact(_("State"), self.state_badge(obj)),
            Fact(_("Reason"), obj.reason),
            Fact(_("Began"), moment_html(obj.started_at, visit.now)),
            Fact(_("Keys destroyed"), moment_html(obj.destroyed_at, visit.now, never=_("not yet"))),
        ]

    def buttons(self, obj: HashEpoch, visit: Visit) -> Sequence[Button]:
        """Lead to the question whether to destroy the keys."""
        may = PERMISSION in visit.scope.permissions and visit.scope.is_unrestricted
        if not may or obj.destroyed_at or obj.number >= known.current():
            return []
        address = reverse("admin:collectors_hashepoch_destroy", args=[obj.pk])
        return [Button(_("Destroy the keys"), address, "key_off", is_danger=True)]

    def get_urls(self) -> list[URLPattern]:
        """Add the page that destroys."""
        view = self.admin_site.admin_view(self.destroy_view)
        own = path("<path:object_id>/destroy/", view, name="collectors_hashepoch_destroy")
        return [own, *super().get_urls()]

    def add_view(self, request: Any, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        """Ask, then begin a new epoch."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        if not self.is_confirmed(request):
            return self.ask(
                request,
                question=_("Begin a new epoch of pseudonyms?"),
                names=[],
                consequences=[
                    _("Devices get a new key at their next check-in."),
                    _("Whoever is seen from then on is a new user, not linked with the past."),
                    _("Where names come in clear nothing changes."),
                ],
                do=_("Begin"),
                back=list_url(HashEpoch),
            )
        epoch = service.begin(reason="rotation", now=clock.now(), actor=request.user)
        self.message_user(request, _("A new epoch has begun."), messages.SUCCESS)
        return HttpResponseRedirect(change_url(epoch))

    def destroy_view(self, request: Any, object_id: str) -> HttpResponse:
        """Ask, then destroy the keys of an epoch that is over."""
        epoch = self.found(request, object_id)
        if not self.has_add_permission(request):
            raise PermissionDenied
        if not self.is_confirmed(request):
            return self.ask(
                request,
                question=_("Destroy the keys of this epoch?"),
                names=[self.name_of(request, epoch)],
                consequences=[
                    _("Nobody can tell any more whose its pseudonyms are. It cannot be undone."),
                    _("Copies of the keys that you exported have to be destroyed by you."),
                ],
                do=_("Destroy the keys"),
                back=change_url(epoch),
                about=epoch,
            )
        service.destroy_keys(epoch=epoch, actor=request.user, now=clock.now())
        self.message_user(request, _("The keys are destroyed."), messages.SUCCESS)
        return HttpResponseRedirect(change_url(epoch))
