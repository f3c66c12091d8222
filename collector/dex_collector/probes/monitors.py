"""Monitors probe."""

from dex_collector.probes.base import Probe
from dex_collector.probes.monitors_linux import read_monitors

PROBE = Probe(
    name="monitors",
    every_seconds=6 * 3600,
    timeout_seconds=20,
    kinds=("inventory.monitors",),
    make_reader=lambda: read_monitors,
    source="/sys/class/drm (EDID)",
)
