"""What changed about a device."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.utils.translation import gettext as _

from apps.core.admin.detail import Visit, list_url
from apps.core.admin.values import Table, badge, columns, moment_html
from apps.core.formats import NOTHING
from apps.devices.facts import item_text, value_text
from apps.devices.models import Device, DeviceChange

DAYS = 30
ROWS_SHOWN = 12


def changes(device: Device, visit: Visit) -> Mapping[str, Any]:
    """Return the newest changes. Cost: 1 query."""
    since = visit.now - timedelta(days=DAYS)
    rows = DeviceChange.objects.kept().filter(device=device, occurred_at__gte=since)
    newest = rows.select_related("device").order_by("-occurred_at", "-id")[:ROWS_SHOWN]
    return {
        "tables": [
            Table(
                caption=_("Changes of the last 30 days"),
                columns=columns(_("When"), _("What"), _("Item"), _("Before"), _("After")),
                rows=[
                    [
                        moment_html(change.occurred_at, visit.now),
                        badge(change.get_property_display()),
                        item_text(change),
                        value_text(change, "old_value", visit.scope) or NOTHING,
                        value_text(change, "new_value", visit.scope) or NOTHING,
                    ]
                    for change in newest
                ],
                empty=_("Nothing about this device changed in the last 30 days."),
                more=list_url(DeviceChange, device=device.pk, window="30d"),
            )
        ]
    }
