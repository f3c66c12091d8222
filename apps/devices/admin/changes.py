"""What changed about devices."""

from collections.abc import Sequence

from django.contrib import admin
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from apps.core.admin import Visit
from apps.core.admin.columns import Column
from apps.core.admin.detail import bound
from apps.core.admin.events import WindowFilter
from apps.core.admin.values import Fact
from apps.core.http import ScopedRequest
from apps.devices.admin.base import DeviceEventAdmin
from apps.devices.facts import item_text, value_text
from apps.devices.models import DeviceChange


@admin.register(DeviceChange)
class DeviceChangeAdmin(DeviceEventAdmin):
    """Changes of devices; values as the caller may see them."""

    list_display = ["what", "item_name"]
    list_filter = [WindowFilter, "property"]
    empty_text = _(
        "Nothing about a device changed in this time. A change is noted when a report differs "
        "from the one before; choose a longer time."
    )

    @display(description=_("What"))
    def what(self, change: DeviceChange) -> str:
        """Return what about the device changed."""
        return change.get_property_display()

    @display(description=_("Item"))
    def item_name(self, change: DeviceChange) -> str:
        """Return which field or list."""
        return item_text(change)

    def get_list_display(self, request: ScopedRequest) -> Sequence[Column]:
        """Add both values."""
        scope = request.scope
        before = bound("before", _("Before"), lambda row: value_text(row, "old_value", scope))
        after = bound("after", _("After"), lambda row: value_text(row, "new_value", scope))
        return [*super().get_list_display(request), before, after]

    def facts(self, obj: DeviceChange, visit: Visit) -> Sequence[Fact]:
        """Add both values."""
        return [
            *super().facts(obj, visit),
            Fact(_("Before"), value_text(obj, "old_value", visit.scope)),
            Fact(_("After"), value_text(obj, "new_value", visit.scope)),
        ]
