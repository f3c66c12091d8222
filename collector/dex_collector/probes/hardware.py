"""Hardware probe."""

from dex_collector.probes.base import Probe
from dex_collector.probes.hardware_linux import read_hardware

PROBE = Probe(
    name="hardware",
    every_seconds=6 * 3600,
    timeout_seconds=20,
    kinds=("inventory.hardware",),
    make_reader=lambda: read_hardware,
    source="/sys/class/dmi, /proc, /sys/class",
)
