"""Addresses of the network: as far as they may leave the device, and never a hardware address."""

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from dex_collector.configuration import Configuration

Address = IPv4Address | IPv6Address

PREFIXES = {4: 24, 6: 48}  # bits that the value `prefix` leaves; the specification of privacy, 2
INTERFACE_BITS = 64  # of an IPv6 address
SWITCH = "local_addresses"


def shown_address(address: Address, configuration: Configuration) -> str | None:
    """Return an address as `local_addresses` allows it: whole, its network's, or None."""
    rule = configuration.value(SWITCH)
    if rule == "off":
        return None
    if rule == "prefix":
        return _network(address, PREFIXES[address.version])
    if holds_hardware_address(address):
        return _network(address, INTERFACE_BITS)
    return str(address)


def shown_addresses(addresses: Iterable[Address], configuration: Configuration) -> list[str] | None:
    """Return several addresses in the same way, each once; None where there are none."""
    shown = dict.fromkeys(shown_address(address, configuration) for address in addresses)
    return [text for text in shown if text is not None] or None


def narrowed(text: str, configuration: Configuration) -> str | None:
    """Return what a stricter configuration leaves of an address that was shown before."""
    return shown_address(ip_address(text), configuration)


def holds_hardware_address(address: Address) -> bool:
    """Return whether an IPv6 address was made of the adapter's hardware address.

    Source: RFC 4291, appendix A: ff:fe in the middle of the interface identifier.
    """
    return address.version == 6 and address.packed[11:13] == b"\xff\xfe"


def _network(address: Address, bits: int) -> str:
    return str(ip_network((address.packed, bits), strict=False).network_address)
