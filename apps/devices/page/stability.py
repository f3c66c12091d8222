"""How a device starts and stops."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.utils.translation import gettext as _

from apps.core.admin.detail import Visit, list_url
from apps.core.admin.values import Table, badge, columns, moment_html, yes_no
from apps.core.formats import NOTHING, duration_text
from apps.devices.models import Boot, Device, HardReset, Sleep, SystemCrash

ROWS_SHOWN = 8
DAYS = 30


def boots(device: Device, visit: Visit) -> Mapping[str, Any]:
    """Return the newest boots. Cost: 1 query."""
    rows = _of_last_days(Boot, device, visit)
    return {
        "tables": [
            Table(
                caption=_("Boots of the last 30 days"),
                columns=columns(_("When"), _("How"), _("Duration"), _("Updates"), numbers=[2]),
                rows=[
                    [
                        moment_html(boot.occurred_at, visit.now),
                        boot.get_type_display(),
                        duration_text(boot.duration_ms),
                        yes_no(boot.is_update_boot),
                    ]
                    for boot in rows
                ],
                empty=_("No boot was reported in the last 30 days."),
                more=list_url(Boot, device=device.pk, window="30d"),
            )
        ]
    }


def crashes(device: Device, visit: Visit) -> Mapping[str, Any]:
    """Return the newest crashes, and hard resets among them. Cost: 2 queries."""
    stops = [
        (crash.occurred_at, badge(_("System crash"), "danger"), _cause(crash))
        for crash in _of_last_days(SystemCrash, device, visit)
    ]
    if visit.may("devices.view_hardreset"):
        stops += [
            (reset.occurred_at, badge(_("Hard reset"), "warning"), NOTHING)
            for reset in _of_last_days(HardReset, device, visit)
        ]
    newest = sorted(stops, key=lambda stop: stop[0], reverse=True)[:ROWS_SHOWN]
    return {
        "tables": [
            Table(
                caption=_("Crashes and hard resets of the last 30 days"),
                columns=columns(_("When"), _("What"), _("Cause")),
                rows=[[moment_html(when, visit.now), what, why] for when, what, why in newest],
                empty=_("The device neither crashed nor was cut off in the last 30 days."),
                more=list_url(SystemCrash, device=device.pk, window="30d"),
            )
        ]
    }


def sleeps(device: Device, visit: Visit) -> Mapping[str, Any]:
    """Return the newest sleeps. Cost: 1 query."""
    rows = _of_last_days(Sleep, device, visit)
    return {
        "tables": [
            Table(
                caption=_("Sleeps of the last 30 days"),
                columns=columns(_("When"), _("Duration"), numbers=[1]),
                rows=[
                    [moment_html(sleep.occurred_at, visit.now), duration_text(sleep.duration_ms)]
                    for sleep in rows
                ],
                empty=_("No sleep was reported in the last 30 days."),
                more=list_url(Sleep, device=device.pk, window="30d"),
            )
        ]
    }


def _of_last_days(model: Any, device: Device, visit: Visit) -> Any:
    since = visit.now - timedelta(days=DAYS)
    rows = model.objects.kept().filter(device=device, occurred_at__gte=since)
    return rows.order_by("-occurred_at", "-id")[:ROWS_SHOWN]


def _cause(crash: SystemCrash) -> str:
    parts = [crash.label, crash.error_code_hexadecimal]
    return " ".join(part for part in parts if part) or NOTHING
