"""Base of pages about rows that name a user and the machine in front of which the user sits."""

from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from apps.core.admin import Visit
from apps.core.admin.columns import Column
from apps.core.admin.values import Fact
from apps.core.formats import NOTHING
from apps.core.http import ScopedRequest
from apps.devices.admin import DeviceEventAdmin


class ClientAdmin(DeviceEventAdmin):
    """Shows protocol, and the client as far as the caller may see it."""

    list_select_related = ["device", "user"]

    def links(self) -> dict[str, Any]:
        """Lead to device and user."""
        return {**super().links(), "user": _("User")}

    @display(description=_("Protocol"))
    def way(self, row: Any) -> str:
        """Return how the screen reaches the person."""
        return row.get_protocol_display() or NOTHING

    def get_list_display(self, request: ScopedRequest) -> Sequence[Column]:
        """End with the client, through the scope."""
        return [*super().get_list_display(request), self._shown(request, "client_name")]

    def facts(self, obj: Any, visit: Visit) -> Sequence[Fact]:
        """Return the columns of the list, client and session."""
        show = visit.scope.show
        return [
            *super().facts(obj, visit),
            Fact(_("Client"), show(obj, "client_name")),
            Fact(_("Client address"), show(obj, "client_ip")),
            Fact(_("Session"), show(obj, "session_id")),
        ]
