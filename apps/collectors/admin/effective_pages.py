"""Pages of a configuration's effect: what holds for a device or an entity, and who said so."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.utils.translation import gettext_lazy as _

from apps.collectors import effective
from apps.collectors.choices import Preset
from apps.collectors.models import Collector, CollectorConfiguration
from apps.collectors.tables import announced_tables, effective_table
from apps.core import clock
from apps.core.admin import DetailMixin
from apps.core.admin.detail import change_url
from apps.core.admin.values import moment_html
from apps.devices.models import Device
from apps.organization.models import Entity

DEVICES_FOUND = 20


class EffectivePages(DetailMixin):
    """Adds the effective result, and the search for whom it is asked."""

    def effective_view(self, request: Any) -> HttpResponse:
        """Show what holds for a device or an entity, and which level decided it."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        device = self.device_of(request, "view") if request.GET.get("device") else None
        entity = self.entity_of(request, "view") if request.GET.get("entity") else None
        context: dict[str, Any] = {
            "title": _("Effective configuration of a device"),
            **self.search(request, "view", "?device="),
        }
        if device is not None:
            name, versions = request.scope.label(device), _versions(device)
            context |= {**_result(effective.for_device(device), name), "versions": versions}
            context |= _kept(device)
        elif entity is not None:
            result = effective.read().of(device_id=0, entity_path=entity.path)
            context |= _result(result, entity.name)
        return self.page(request, None, "admin/collectors/effective.html", context)

    def device_of(self, request: Any, action: str) -> Device:
        """Return the device of the address. Raises: Http404 (hidden and missing alike)."""
        rows = Device.objects.permitted_to(request.scope, action).select_related("entity")
        device = rows.filter(pk=number_of(request.GET["device"])).first()
        if device is None:
            raise Http404
        return device

    def entity_of(self, request: Any, action: str) -> Entity:
        """Return the entity of the address. Raises: Http404 (hidden and missing alike)."""
        rows = Entity.objects.permitted_to(request.scope, action)
        entity = rows.filter(pk=number_of(request.GET["entity"])).first()
        if entity is None:
            raise Http404
        return entity

    def search(self, request: Any, action: str, prefix: str) -> dict[str, Any]:
        """Return the devices that match what was typed. Cost: 1 query, none without text."""
        text = request.GET.get("q", "").replace("\0", "").strip()[:100]
        found: list[tuple[str, str]] = []
        if text and not request.scope.may_hide(Device, "name"):
            rows = Device.objects.permitted_to(request.scope, action).filter(name__icontains=text)
            found = [
                (f"{prefix}{device.pk}", request.scope.label(device))
                for device in rows.order_by("name", "pk")[:DEVICES_FOUND]
            ]
        return {
            "q": text,
            "found": found,
            "may_search": not request.scope.may_hide(Device, "name"),
        }


def _result(result: effective.Effective, name: str) -> dict[str, Any]:
    """Return what the page says of one result."""
    return {
        "device": name,
        "preset": Preset(result.preset).label,
        "table": effective_table(result),
        "announced": {"tables": announced_tables(result)},
    }


def _kept(device: Device) -> dict[str, Any]:
    """Return what keeps a device to less than its entity, if it moved. Cost: 1 query."""
    rows = CollectorConfiguration.objects.in_force().filter(device=device, is_kept=True)
    row = rows.first()
    if row is None:
        return {}
    return {"kept_since": moment_html(row.created_at, clock.now()), "kept_url": change_url(row)}


def _versions(device: Device) -> dict[str, int]:
    """Return what was issued and what is in use. Cost: 1 query."""
    row = Collector.objects.filter(device=device).first()
    if row is None:
        return {}
    return {"issued": row.configuration_version, "used": row.reported_configuration_version}


def number_of(text: str) -> int:
    """Return an id of the address, -1 for anything else."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else -1
