"""Connectivity probe: the network in which the machine is."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from dex_collector.addresses import SWITCH as ADDRESSES
from dex_collector.addresses import Address, shown_address, shown_addresses
from dex_collector.probes.adapters_linux import (
    Adapter,
    Primary,
    choose_primary,
    choose_vpn,
    read_adapters,
    read_driver_version,
)
from dex_collector.probes.base import Context, Lack, Output, Sample
from dex_collector.probes.network_services_linux import NetworkServices
from dex_collector.probes.routes_linux import (
    Route,
    read_addresses,
    read_dns_servers,
    read_gateway,
    read_routes,
)
from dex_collector.probes.wireless_linux import Link, read_identifiers, read_link

KIND = "connectivity.events"
EVERY_SECONDS = 30
# To measure them the machine would have to send something.
LACKS = ("gateway_latency.unsupported", "dns_latency.unsupported")
POLICY_LACK = "vpn_by_policy.unsupported"  # it has no adapter: NetworkManager alone tells


class ConnectivityReader:
    """Tells the network of the moment, and counts the time with and without one."""

    def __init__(self) -> None:
        self._read_at: float | None = None
        self._services = NetworkServices()

    def __call__(self, context: Context) -> list[Output]:
        root, allowed = context.root, context.configuration
        adapters, routes = read_adapters(root), read_routes(root)
        primary = choose_primary(root, routes, adapters)
        fields: dict[str, Any] = {}
        gauges: dict[str, float] = {}
        lacks: tuple[str, ...] = LACKS
        if primary is not None:
            fields |= adapter_fields(root, primary.adapter)
        if primary is not None and primary.adapter.type == "wifi":
            link = self._link(root, primary.adapter.name)
            fields |= link.fields
            gauges |= link.gauges
        if context.measures_people:  # these tell where somebody is, and what they do
            if allowed.is_on("vpn_status"):
                has_vpn = self._services.has_vpn(root)
                fields |= vpn_fields(choose_vpn(routes, adapters, primary), has_vpn=has_vpn)
                lacks = LACKS if has_vpn is not None else (*LACKS, POLICY_LACK)
            if allowed.is_on("wifi_identifiers") and "wifi_signal_strength_dbm" in gauges:
                fields |= self._identifiers(root, primary.adapter.name) if primary else {}
            if allowed.is_on(ADDRESSES) and primary is not None:
                servers = self._services.dns_servers(root)
                fields |= read_address_fields(context, routes, primary, servers)
        counters = self._durations(context.monotonic, is_connected=primary is not None)
        sample = Sample(
            KIND,
            gauges=gauges,
            counters=counters,
            fields={name: value for name, value in fields.items() if value is not None},
        )
        return [sample, *map(Lack, lacks)]

    def _link(self, root: Path, name: str) -> Link:
        """Return the link as the kernel tells it; its strength else as NetworkManager does."""
        link = read_link(root, name)
        if "wifi_signal_strength_dbm" in link.gauges:
            return link
        strength = self._services.signal_dbm(root, name)
        told = {} if strength is None else {"wifi_signal_strength_dbm": strength}
        return Link(gauges=link.gauges | told, fields=link.fields)

    def _identifiers(self, root: Path, name: str) -> dict[str, str]:
        told = self._services.identifiers(root, name)
        return read_identifiers(root, name) if told is None else told

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


def vpn_fields(vpn: Adapter | None, *, has_vpn: bool | None) -> dict[str, Any]:
    """Return whether a VPN is up, and by which adapter. has_vpn: what NetworkManager says."""
    if vpn is None:
        return {"vpn_status": "connected" if has_vpn else "disconnected"}
    return {"vpn_status": "connected", "vpn_name": vpn.name}


def read_address_fields(
    context: Context,
    routes: Sequence[Route],
    primary: Primary,
    servers: Sequence[Address] | None,
) -> dict[str, Any]:
    """Read the addresses of adapter, gateway and DNS servers, as far as they are allowed.

    servers: what systemd-resolved says, None where it says nothing.
    """
    root, allowed = context.root, context.configuration
    address = read_addresses(root, routes).get(primary.interface)
    gateway = read_gateway(root, primary.interface)
    return {
        "local_ip": shown_address(address, allowed) if address else None,
        "gateway_ip": shown_address(gateway, allowed) if gateway else None,
        "dns_ips": shown_addresses(read_dns_servers(root) if servers is None else servers, allowed),
    }
