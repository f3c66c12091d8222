"""Panels of this app on the page of a device, in the order in which people look."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from apps.core.admin.detail import Visit
from apps.devices import charts
from apps.devices.models import Device
from apps.devices.page import attention, changes, equipment, network, protection, stability
from apps.devices.panels import Panel, register

CHARTS = "admin/devices/charts.html"


def performance(device: Device, visit: Visit) -> Mapping[str, Any]:
    """Return charts of a day or a week. Cost: 2 queries."""
    return charts.draw(charts.PERFORMANCE, device, visit.now, visit.query.get("range", ""))


for _panel in (
    Panel("attention", _("Needs attention"), 5, attention.attention, is_wide=True),
    Panel(
        "performance",
        _("Performance"),
        10,
        performance,
        template=CHARTS,
        permission="devices.view_performancesample",
        is_wide=True,
    ),
    Panel(
        "connectivity",
        _("Connectivity"),
        14,
        network.connectivity,
        template=CHARTS,
        permission="devices.view_connectivitysample",
        is_wide=True,
    ),
    Panel("networks", _("Networks"), 16, network.networks, is_wide=True),
    Panel("drives", _("Drives"), 20, equipment.drives, is_wide=True),
    Panel("hardware", _("Hardware"), 22, equipment.hardware, is_wide=True),
    Panel("system", _("Operating system"), 24, equipment.system),
    Panel("security", _("Security"), 26, protection.security),
    Panel(
        "changes",
        _("Changes"),
        28,
        changes.changes,
        permission="devices.view_devicechange",
        is_wide=True,
    ),
    Panel("boots", _("Boots"), 30, stability.boots, permission="devices.view_boot"),
    Panel(
        "crashes",
        _("Crashes and hard resets"),
        31,
        stability.crashes,
        permission="devices.view_systemcrash",
    ),
    Panel("sleeps", _("Sleeps"), 32, stability.sleeps, permission="devices.view_sleep"),
):
    register(_panel)
