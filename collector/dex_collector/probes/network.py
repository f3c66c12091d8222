"""Network probe."""

from dex_collector.probes.base import Probe
from dex_collector.probes.network_linux import read_network

PROBE = Probe(
    name="network",
    every_seconds=24 * 3600,
    timeout_seconds=20,
    kinds=("inventory.network",),
    make_reader=lambda: read_network,
    source="/sys/class/net, /proc/net",
)
