"""Boot probe."""

from dex_collector.probes.base import Probe
from dex_collector.probes.boot_linux import read_boots

PROBE = Probe(
    name="boot",
    every_seconds=3600,
    timeout_seconds=2,
    kinds=("device_performance.boots",),
    make_reader=lambda: read_boots,
    source="/proc/stat, systemd",
)
