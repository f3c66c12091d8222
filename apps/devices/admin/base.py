"""Base of the console's pages over event tables of devices."""

from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from apps.core import clock
from apps.core.admin import DetailMixin, EventAdmin, Visit, made_of
from apps.core.admin.columns import Column
from apps.core.admin.detail import linked, object_link
from apps.core.admin.events import time_of
from apps.core.admin.values import Fact, Section, moment_html
from apps.core.http import ScopedRequest
from apps.devices.facts import metric_table


class DeviceEventAdmin(DetailMixin, EventAdmin):
    """Rows of an event table of devices, each with its device as a link and a readable page."""

    list_select_related: Sequence[str] = ["device"]
    metrics: dict[str, Any] = {}
    is_daily = False

    @made_of("occurred_at", "bucket")
    @display(description=_("When"))
    def moment(self, row: Any) -> str:
        """Return when it was."""
        return moment_html(time_of(row), clock.now())

    def links(self) -> dict[str, Any]:
        """Return the relations shown as links, by their heads."""
        return {"device": _("Device")}

    def get_list_display(self, request: ScopedRequest) -> Sequence[Column]:
        """Show time and links first."""
        links = [linked(request.scope, title, name) for name, title in self.links().items()]
        return ["moment", *links, *super().get_list_display(request)]

    def get_list_display_links(self, request: Any, list_display: Any) -> Any:
        """Open a row by its time."""
        return ["moment"]

    def facts(self, obj: Any, visit: Visit) -> Sequence[Fact]:
        """Return time, links and the columns of the list."""
        links = [
            Fact(title, object_link(getattr(obj, name), visit.scope))
            for name, title in self.links().items()
        ]
        rest = [
            Fact(getattr(type(self), name).short_description, getattr(self, name)(obj))
            for name in self.list_display
        ]
        source = Fact(_("Reported by"), obj.get_source_display())
        return [Fact(_("When"), self.moment(obj)), *links, *rest, source]

    def sections(self, obj: Any, visit: Visit) -> Sequence[Section]:
        """Return all measured values."""
        if not self.metrics:
            return []
        tables = [metric_table(obj, self.metrics, daily=self.is_daily)]
        template = "admin/core/section_tables.html"
        return [
            Section("metrics", _("Measured values"), template, {"tables": tables}, is_wide=True)
        ]
