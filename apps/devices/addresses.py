"""Addresses, as far as they may be kept."""

import ipaddress
from collections.abc import Sequence

from apps.events.policy import Policy

PREFIXES = {4: 24, 6: 48}  # bits that `prefix` leaves (privacy.md 2)
SWITCH = "local_addresses"


def permitted_address(address: str, policy: Policy) -> str | None:
    """Return an address as `local_addresses` allows it: whole, its network's, or none.

    What is no address is left as it is: storing it is refused.
    """
    allowed = policy.value(SWITCH)
    if allowed == "on":
        return address
    if allowed != "prefix":
        return None
    try:
        known = ipaddress.ip_address(address)
    except ValueError:
        return address
    if mapped := getattr(known, "ipv4_mapped", None):  # its /48 would be that of all of them
        known = mapped
    network = ipaddress.ip_network((known.packed, PREFIXES[known.version]), strict=False)
    return str(network.network_address)


def permitted_addresses(addresses: Sequence[str], policy: Policy) -> list[str] | None:
    """Return several addresses in the same way, each one once; None where none may be kept.

    A list that told none is left as it is: nothing was taken from it.
    """
    if not addresses:
        return list(addresses)
    left = [permitted_address(address, policy) for address in addresses]
    kept = [address for address in dict.fromkeys(left) if address is not None]
    return kept or None
