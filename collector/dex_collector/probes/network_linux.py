"""Network probe: the adapters of the machine, with their addresses where these may be read."""

from dex_collector.addresses import SWITCH, Address, shown_address
from dex_collector.inventory import Part
from dex_collector.probes.adapters_linux import read_adapters, read_speed
from dex_collector.probes.base import Context
from dex_collector.probes.routes_linux import read_addresses, read_routes

ITEMS_MAXIMUM = 200


def read_network(context: Context) -> list[Part]:
    """Read the list of adapters; an address tells where a person is."""
    root = context.root
    addresses: dict[str, Address] = {}
    if context.configuration.is_on(SWITCH) and context.measures_people:
        addresses = read_addresses(root, read_routes(root))
    items = []
    for adapter in read_adapters(root)[:ITEMS_MAXIMUM]:
        address = addresses.get(adapter.name)
        item = {
            "name": adapter.name,
            "type": adapter.type,
            "speed_bps": read_speed(root, adapter.name),
            "is_up": adapter.is_up,
            "is_virtual": adapter.is_virtual,
            "address": shown_address(address, context.configuration) if address else None,
        }
        items.append({name: value for name, value in item.items() if value is not None})
    return [Part("network", items=items)]
