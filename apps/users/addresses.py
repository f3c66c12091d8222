"""Addresses of machines in front of which people sit, as far as they may be kept."""

import ipaddress

from apps.events.policy import Policy

PREFIXES = {4: 24, 6: 48}  # bits that `prefix` leaves (privacy.md 2)


def permitted_address(address: str, policy: Policy) -> str | None:
    """Return an address as `local_addresses` allows it: whole, its network's, or none.

    What is no address is left as it is: storing it is refused.
    """
    allowed = policy.value("local_addresses")
    if allowed == "on":
        return address
    if allowed != "prefix":
        return None
    try:
        known = ipaddress.ip_address(address)
    except ValueError:
        return address
    network = ipaddress.ip_network((known, PREFIXES[known.version]), strict=False)
    return str(network.network_address)
