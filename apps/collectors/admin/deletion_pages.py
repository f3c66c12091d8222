"""The page that offers to delete what a narrowing took away."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from apps.collectors.admin.targets import may_decide, target_of
from apps.collectors.choices import Preset
from apps.collectors.models import CollectorConfiguration
from apps.collectors.services import deletion, jobs
from apps.collectors.tables import previous
from apps.collectors.words import setting_label
from apps.core import clock
from apps.core.admin import DetailMixin
from apps.core.admin.detail import change_url
from apps.core.scope import Scope

CONVERSION = "hash_names"  # offered by an app above


class DeletionPages(DetailMixin):
    """Adds the offer to the pages of configurations."""

    def delete_collected_view(self, request: Any, object_id: str) -> HttpResponse:
        """Offer to delete what a narrowing does not collect any more; ticked under `strict`."""
        row = self.found(request, object_id)
        if not may_decide(request.scope, target_of(row)):
            raise PermissionDenied
        names = deletion.narrowed_switches(row, previous(row))
        if request.method == "POST":
            if request.POST.get("delete") != "yes" or not names:
                return HttpResponseRedirect(change_url(row))
            where = {"level": row.level, "entity": row.entity_id, "device": row.device_id}
            job = jobs.start(
                kind=deletion.KIND,
                parameters={**where, "switches": names},
                actor=request.user,
                now=clock.now(),
            )
            self.message_user(request, _("It begins within a minute."), messages.SUCCESS)
            may_see = "collectors.view_collectionjob" in request.scope.permissions
            is_open = may_see and request.scope.is_unrestricted
            return HttpResponseRedirect(change_url(job if is_open else row))
        context = {
            "title": _("Delete what was collected?"),
            "settings": [setting_label(name) for name in names],
            "tables": deletion.governed_tables(row, names),
            "conversion_url": _conversion_url(row, names, request.scope),
            "is_ticked": row.preset == Preset.STRICT,
        }
        return self.page(request, row, "admin/collectors/delete_collected.html", context)


def offer_url(row: CollectorConfiguration, scope: Scope) -> str:
    """Return the address of the offer, "" where there is nothing to offer. Cost: 5 queries."""
    names = deletion.narrowed_switches(row, previous(row))
    if not (deletion.governed_tables(row, names) or _conversion_url(row, names, scope)):
        return ""
    name = "admin:collectors_collectorconfiguration_delete_collected"
    return reverse(name, args=[row.pk])


def _conversion_url(row: CollectorConfiguration, names: list[str], scope: Scope) -> str:
    """Return where names that are hashed from now on become pseudonyms, "" where they are not."""
    is_hashed = row.switches.get("username") == "hashed" and "username" in names
    kinds = [kind.name for kind in jobs.offered()]
    if not (is_hashed and scope.is_unrestricted and CONVERSION in kinds):
        return ""
    return f"{reverse('admin:collectors_collectionjob_add')}?kind={CONVERSION}"
