"""What the device's collector reported on itself, on the page of a device."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.collectors.choices import CollectorEventType
from apps.collectors.models import CollectorEvent
from apps.core.admin.detail import Visit, list_url
from apps.core.admin.values import Table, badge, columns, moment_html, number_text
from apps.core.formats import NOTHING
from apps.devices import panels
from apps.devices.models import Device
from apps.devices.panels import Panel

DAYS = 7
EVENTS_SHOWN = 10
TONES = {
    CollectorEventType.CONFIGURATION_REFUSED: "danger",
    CollectorEventType.PROBE_FAILED: "danger",
    CollectorEventType.SPOOL_RESET: "warning",
    CollectorEventType.PROBE_SLOWED: "warning",
    CollectorEventType.PROBE_DISABLED: "warning",
    CollectorEventType.RECORDS_DROPPED: "warning",
    CollectorEventType.RECORDS_REFUSED: "warning",
    CollectorEventType.BATCH_QUARANTINED: "warning",
    CollectorEventType.CLOCK_SKEW: "warning",
    CollectorEventType.EXTENSION_ERROR: "warning",
}


def type_badge(event: CollectorEvent) -> str:
    """Return what happened, coloured where somebody should look."""
    return badge(event.get_type_display(), TONES.get(CollectorEventType(event.type), ""))


def events(device: Device, visit: Visit) -> Mapping[str, Any]:
    """Return the newest events, heartbeats of health apart. Cost: 1 query."""
    rows = CollectorEvent.objects.kept().filter(
        device=device, occurred_at__gte=visit.now - timedelta(days=DAYS)
    )
    told = rows.exclude(type=CollectorEventType.HEALTH).order_by("-occurred_at", "-id")
    return {
        "tables": [
            Table(
                caption=_("Collector events of the last 7 days"),
                columns=columns(_("When"), _("What"), _("Details"), _("Records"), numbers=[3]),
                rows=[
                    [
                        moment_html(event.occurred_at, visit.now),
                        type_badge(event),
                        event.details or NOTHING,
                        number_text(event.number_of_records),
                    ]
                    for event in told[:EVENTS_SHOWN]
                ],
                empty=_("The collector had nothing to report on itself in the last 7 days."),
                more=list_url(CollectorEvent, device=device.pk, window="30d"),
            )
        ]
    }


panels.register(
    Panel(
        "collector-events",
        gettext_lazy("Collector events"),
        45,
        events,
        permission="collectors.view_collectorevent",
    )
)
