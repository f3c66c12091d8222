"""In which networks a device is, and how good they are."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

from django.utils.translation import gettext as _

from apps.core.admin.detail import Visit, list_url
from apps.core.admin.values import Fact, Table, columns, moment_html, yes_no
from apps.core.formats import NOTHING, duration_text
from apps.devices import charts
from apps.devices.facts import mean, measure_text
from apps.devices.models import ConnectivitySample, Device, NetworkAdapter

ITEMS_SHOWN = 50  # adapters
BUCKETS_SHOWN = 8
SPAN = timedelta(hours=24)


def connectivity(device: Device, visit: Visit) -> Mapping[str, Any]:
    """Return charts of a day or a week. Cost: 2 queries."""
    chosen = visit.query.get("range", "")
    return charts.draw(charts.CONNECTIVITY, device, visit.now, chosen)


def networks(device: Device, visit: Visit) -> Mapping[str, Any]:
    """Return adapters and the newest networks. Cost: 1 query, 2 with the right to the latter."""
    tables = [_adapters(device, visit)]
    if visit.may("devices.view_connectivitysample"):
        tables.append(_newest(device, visit))
    facts = [
        Fact(_("Connected by"), device.get_connectivity_last_connectivity_type_display()),
        Fact(_("VPN"), device.get_connectivity_last_vpn_status_display()),
        Fact(_("Local address"), visit.scope.show(device, "collector_local_ip")),
    ]
    return {"facts": [*facts, *_place(device, visit)], "tables": tables}


def _place(device: Device, visit: Visit) -> Iterator[Fact]:
    """Yield what is looked up from the public address, and where the device is."""
    if device.public_ip_ip_address:
        yield Fact(_("Public address"), visit.scope.show(device, "public_ip_ip_address"))
        yield Fact(_("Provider"), visit.scope.show(device, "public_ip_isp"))
    place = place_text(device, visit)
    kind = device.get_location_type_display() if device.location_site else ""
    is_told = bool(place) or visit.scope.may_hide(Device, "location_site")
    hint = "" if is_told else _("No site takes it, and nothing is looked up.")
    yield Fact(_("Place"), place or NOTHING, hint=kind or hint)


def place_text(device: Device, visit: Visit) -> str:
    """Return the place as the caller may see it, from the site to the country."""
    parts = [visit.scope.show(device, f"location_{name}") for name in ("site", "city", "country")]
    return ", ".join(part for part in parts if part)


def _adapters(device: Device, visit: Visit) -> Table:
    rows = NetworkAdapter.objects.filter(device=device).select_related("device")
    return Table(
        caption=_("Network adapters"),
        columns=columns(
            _("Name"), _("Type"), _("Link"), _("Rate"), _("Virtual"), _("Address"), numbers=[3]
        ),
        rows=[
            [
                adapter.name or NOTHING,
                adapter.get_type_display(),
                yes_no(adapter.is_up),
                measure_text("_bps", adapter.speed_bps),
                yes_no(adapter.is_virtual),
                visit.scope.show(adapter, "address") or NOTHING,
            ]
            for adapter in rows.order_by("is_virtual", "name", "pk")[:ITEMS_SHOWN]
        ],
        empty=_("No network adapters were reported yet."),
    )


def _newest(device: Device, visit: Visit) -> Table:
    rows = ConnectivitySample.objects.kept().filter(device=device, bucket__gte=visit.now - SPAN)
    return Table(
        caption=_("Networks of the last 24 hours"),
        columns=columns(
            _("From"),
            _("Adapter"),
            _("Wi-Fi signal"),
            _("Gateway latency"),
            _("Without connection"),
            _("VPN"),
            numbers=[2, 3, 4],
        ),
        rows=[
            [
                moment_html(row.bucket, visit.now),
                row.get_primary_physical_adapter_type_display() or NOTHING,
                measure_text("_dbm", mean(row, "wifi_signal_strength_dbm")),
                measure_text("_ms", mean(row, "gateway_latency_ms")),
                duration_text(row.disconnected_duration_ms_sum),
                row.get_vpn_status_display() or NOTHING,
            ]
            for row in rows.order_by("-bucket", "-id")[:BUCKETS_SHOWN]
        ],
        empty=_("No network was reported in the last 24 hours."),
        more=list_url(ConnectivitySample, device=device.pk, window="7d"),
    )
