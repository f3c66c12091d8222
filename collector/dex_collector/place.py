"""Place: whether the device is on a network of the company. Compared here; nothing of it is sent."""

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from dex_collector.addresses import Address
from dex_collector.clock import Clock
from dex_collector.configuration import Networks
from dex_collector.probes.routes_linux import (
    read_addresses,
    read_dns_suffixes,
    read_gateway,
    read_routes,
)

VALID_SECONDS = 30.0  # how long one look holds


class Place:
    """Where the device is now, looked at only when `work_hours` asks for it.

    since: from when on it has been on site; what happened before is not told. None elsewhere.
    """

    def __init__(self, root: Path, clock: Clock) -> None:
        self._root, self._clock = root, clock
        self._looked: tuple[Networks, float] | None = None
        self.since: datetime | None = None

    def is_on_site(self, networks: Networks) -> bool:
        """Return whether one of the networks is that of the device, by a VPN of theirs too."""
        monotonic = self._clock.monotonic()
        if self._looked is not None:
            of, at = self._looked
            if of == networks and 0 <= monotonic - at < VALID_SECONDS:
                return self.since is not None
        self._looked = (networks, monotonic)
        if not read_is_on_site(self._root, networks):
            self.since = None
        elif self.since is None:
            self.since = self._clock.now()
        return self.since is not None


def read_is_on_site(root: Path, networks: Networks) -> bool:
    """Read gateways, addresses and DNS suffixes, as far as there is anything to compare with."""
    if networks.ranges or networks.gateways:
        routes = read_routes(root)
        if is_within(read_addresses(root, routes).values(), networks):
            return True
        interfaces = {route.interface for route in routes if route.is_default}
        gateways = (read_gateway(root, interface) for interface in sorted(interfaces))
        if networks.gateways & {str(gateway) for gateway in gateways if gateway}:
            return True
    return bool(networks.dns_suffixes) and has_suffix(read_dns_suffixes(root), networks)


def is_within(addresses: Iterable[Address], networks: Networks) -> bool:
    """Return whether an address of any adapter, a VPN's too, lies in a listed range."""
    return any(address in one for address in addresses for one in networks.ranges)


def has_suffix(found: Iterable[str], networks: Networks) -> bool:
    """Return whether a DNS suffix is a listed one, or lies below it."""
    return any(
        suffix == listed or suffix.endswith(f".{listed}")
        for suffix in found
        for listed in networks.dns_suffixes
    )
