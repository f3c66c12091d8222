"""Boot probe."""

from dex_collector.probes.base import Probe
from dex_collector.probes.boot_linux import BootReader

PROBE = Probe(
    name="boot",
    every_seconds=300,
    timeout_seconds=2,
    kinds=("device_performance.boots",),
    make_reader=BootReader,
    source="/proc/stat, systemd",
)
