"""Panels on the page of a device."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.collectors import capabilities, effective
from apps.collectors.choices import CollectorState, Level, Preset
from apps.collectors.models import Collector, RefusalCount
from apps.collectors.services import checkin
from apps.collectors.tables import effective_table
from apps.collectors.words import (
    clock_is_off,
    collector_badge,
    kind_text,
    reason_text,
    switch_text,
)
from apps.core.admin.detail import Visit, list_url
from apps.core.admin.values import (
    Fact,
    Table,
    badge,
    columns,
    moment_html,
    number_text,
)
from apps.core.formats import NOTHING, duration_text
from apps.devices import panels
from apps.devices.models import Device
from apps.devices.panels import Panel

REFUSAL_DAYS = 7
REFUSALS_SHOWN = 10


def collector(device: Device, visit: Visit) -> Mapping[str, Any]:
    """Return how the device's collector stands. Cost: none, it came with the device."""
    found = collector_of(device)
    if found is None:
        return {"note": _("No collector: another agent reports this device, or it was removed.")}
    forbidden = [str(switch_text(name)) for name in device.collector_local_restrictions]
    facts = [
        *collector_facts(found, visit),
        Fact(_("Forbidden on the device"), ", ".join(forbidden)),
    ]
    if not device.collector_capabilities:
        return {"facts": facts}
    return {
        "facts": facts,
        "summary": _("Show what it cannot measure here"),
        "tables": [
            Table(
                caption=_("What the collector cannot measure on this device"),
                columns=columns(_("What"), _("How far")),
                rows=capabilities.described(device.collector_capabilities),
            )
        ],
    }


def collector_facts(found: Collector, visit: Visit) -> list[Fact]:
    """Return the facts of a collector. Cost: none."""
    return [
        Fact(_("State"), collector_badge(found.state)),
        Fact(_("Version"), found.version),
        Fact(_("Last contact"), moment_html(found.last_contact_at, visit.now, never=_("never"))),
        Fact(_("Configuration"), *configuration_text(found)),
        Fact(_("Clock"), *clock_text(found)),
        Fact(
            _("Token expires"), moment_html(found.token_expires_at, visit.now, never=_("no token"))
        ),
        Fact(_("Enrolled"), moment_html(found.enrolled_at, visit.now)),
    ]


def configuration_text(found: Collector) -> tuple[str, str]:
    """Return the version by which the collector works, and whether that is the newest."""
    issued, in_force = found.configuration_version, found.reported_configuration_version
    if not issued:
        return _("none yet"), _("It asks for one at its next check-in.")
    if issued == in_force:
        return _("version %d") % in_force, _("the newest")
    if not in_force:
        return _("none yet"), _("Version %d was issued.") % issued
    return _("version %d") % in_force, _("Version %d was issued, but not used yet.") % issued


def clock_text(found: Collector) -> tuple[str, str]:
    """Return how the device's clock differs, and what that means."""
    offset = found.clock_offset_ms
    if clock_is_off(found):
        text = _("behind by %s") if offset > 0 else _("ahead by %s")
        hint = _("Over 90 seconds: times of its events are shifted by this.")
        return badge(text % duration_text(abs(offset)), "warning"), hint
    return _("right"), _("differs by %s") % duration_text(abs(offset))


def configuration(device: Device, visit: Visit) -> Mapping[str, Any]:
    """Return what may be collected from the device, and who said so. Cost: 2 queries."""
    result = effective.for_device(device)
    preset = Preset(result.preset)
    custom = sum(1 for level in result.origins.values() if level not in (None, Level.INSTANCE))
    return {
        "facts": [
            Fact(_("Together"), preset.label),
            Fact(_("Decided below the instance"), _("%d switches") % custom),
        ],
        "summary": _("Show every switch"),
        "tables": [effective_table(result)],
    }


def refusals(device: Device, visit: Visit) -> Mapping[str, Any]:
    """Return what of the last days was not stored. Cost: 1 query."""
    since = (visit.now - timedelta(days=REFUSAL_DAYS)).date()
    rows = RefusalCount.objects.kept().filter(device=device, day__gte=since)
    return {
        "tables": [
            Table(
                caption=_("Records not stored in the last 7 days"),
                columns=columns(
                    _("Day"), _("Kind"), _("Where"), _("Reason"), _("Number"), numbers=[4]
                ),
                rows=[
                    [
                        row.day.isoformat(),
                        kind_text(row.kind),
                        row.get_origin_display(),
                        reason_text(row.origin, row.code),
                        number_text(row.number),
                    ]
                    for row in rows.order_by("-day", "-number", "pk")[:REFUSALS_SHOWN]
                ],
                empty=_("Everything that came in the last 7 days was stored."),
                more=list_url(RefusalCount, device=device.pk),
            )
        ]
    }


def state_column(device: Device, now: datetime) -> str:
    """Return how the device's collector stands. Cost: none, it came with the device."""
    found = collector_of(device)
    if found is None:
        return NOTHING
    if found.state == CollectorState.ACTIVE and clock_is_off(found):
        return badge(_("active, clock wrong"), "warning")
    return collector_badge(found.state)


def collector_of(device: Device) -> Collector | None:
    """Return the device's collector, None where it has none."""
    return getattr(device, "collector", None)


panels.register_opening(checkin.open_page)
panels.register_column(
    panels.ListColumn("collector_state", gettext_lazy("Collector"), state_column, path="collector")
)
panels.register(
    Panel(
        "collector",
        gettext_lazy("Collector"),
        40,
        collector,
        permission="collectors.view_collector",
    )
)
panels.register(
    Panel(
        "configuration",
        gettext_lazy("What is collected"),
        80,
        configuration,
        permission="collectors.view_collectorconfiguration",
        is_wide=True,
    )
)
panels.register(
    Panel(
        "refusals",
        gettext_lazy("Records not stored"),
        90,
        refusals,
        permission="collectors.view_refusalcount",
        is_wide=True,
    )
)
