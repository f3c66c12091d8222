"""Connectivity probe: the network in which the machine is."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from dex_collector.addresses import SWITCH as ADDRESSES
from dex_collector.addresses import shown_address, shown_addresses
from dex_collector.probes.adapters_linux import (
    Adapter,
    Primary,
    choose_primary,
    choose_vpn,
    read_adapters,
    read_driver_version,
)
from dex_collector.probes.base import Context, Lack, Output, Sample
from dex_collector.probes.routes_linux import (
    Route,
    read_addresses,
    read_dns_servers,
    read_gateway,
    read_routes,
)
from dex_collector.probes.wireless_linux import read_identifiers, read_link

KIND = "connectivity.events"
EVERY_SECONDS = 30
# To measure them the machine would have to send something. A VPN of policies has no adapter.
LACKS = ("gateway_latency.unsupported", "dns_latency.unsupported", "vpn_by_policy.unsupported")


class ConnectivityReader:
    """Tells the network of the moment, and counts the time with and without one."""

    def __init__(self) -> None:
        self._read_at: float | None = None

    def __call__(self, context: Context) -> list[Output]:
        root, allowed = context.root, context.configuration
        adapters, routes = read_adapters(root), read_routes(root)
        primary = choose_primary(root, routes, adapters)
        fields: dict[str, Any] = {}
        gauges: dict[str, float] = {}
        if primary is not None:
            fields |= adapter_fields(root, primary.adapter)
        if primary is not None and primary.adapter.type == "wifi":
            link = read_link(root, primary.adapter.name)
            fields |= link.fields
            gauges |= link.gauges
        if context.measures_people:  # these tell where somebody is, and what they do
            if allowed.is_on("vpn_status"):
                fields |= vpn_fields(choose_vpn(routes, adapters, primary))
            if allowed.is_on("wifi_identifiers") and "wifi_signal_strength_dbm" in gauges:
                fields |= read_identifiers(root, primary.adapter.name) if primary else {}
            if allowed.is_on(ADDRESSES) and primary is not None:
                fields |= read_address_fields(context, routes, primary)
        counters = self._durations(context.monotonic, is_connected=primary is not None)
        sample = Sample(
            KIND,
            gauges=gauges,
            counters=counters,
            fields={name: value for name, value in fields.items() if value is not None},
        )
        return [sample, *map(Lack, LACKS)]

    def _durations(self, monotonic: float, *, is_connected: bool) -> dict[str, int]:
        """Return the time since the last reading; none at first and after sleep."""
        before, self._read_at = self._read_at, monotonic
        if before is None or not 0 < monotonic - before <= 2 * EVERY_SECONDS:
            return {}
        whole = round((monotonic - before) * 1000)
        return {
            "connected_duration_ms": whole if is_connected else 0,
            "disconnected_duration_ms": 0 if is_connected else whole,
        }


def adapter_fields(root: Path, adapter: Adapter) -> dict[str, Any]:
    """Return what the adapter below the default route is."""
    prefix = "primary_physical_adapter"
    return {
        f"{prefix}_type": adapter.type,
        f"{prefix}_name": adapter.name,
        f"{prefix}_driver_version": read_driver_version(root, adapter.name),
    }


def vpn_fields(vpn: Adapter | None) -> dict[str, Any]:
    """Return whether a VPN is up, and by which adapter."""
    if vpn is None:
        return {"vpn_status": "disconnected"}
    return {"vpn_status": "connected", "vpn_name": vpn.name}


def read_address_fields(
    context: Context, routes: Sequence[Route], primary: Primary
) -> dict[str, Any]:
    """Read the addresses of adapter, gateway and DNS servers, as far as they are allowed."""
    root, allowed = context.root, context.configuration
    address = read_addresses(root, routes).get(primary.interface)
    gateway = read_gateway(root, primary.interface)
    return {
        "local_ip": shown_address(address, allowed) if address else None,
        "gateway_ip": shown_address(gateway, allowed) if gateway else None,
        "dns_ips": shown_addresses(read_dns_servers(root), allowed),
    }
