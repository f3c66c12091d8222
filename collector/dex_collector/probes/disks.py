"""Disks probe."""

from dex_collector.probes.base import Probe
from dex_collector.probes.disks_linux import read_disks

PROBE = Probe(
    name="disks",
    every_seconds=24 * 3600,
    timeout_seconds=20,
    kinds=("inventory.disks",),
    make_reader=lambda: read_disks,
    source="/sys/block",
)
