"""Operating system probe."""

from dex_collector.probes.base import Probe
from dex_collector.probes.operating_system_linux import read_operating_system

PROBE = Probe(
    name="operating_system",
    every_seconds=24 * 3600,
    timeout_seconds=20,
    kinds=("inventory.operating_system",),
    make_reader=lambda: read_operating_system,
    source="/etc/os-release, /proc",
)
