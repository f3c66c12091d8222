"""Volumes probe."""

from dex_collector.probes.base import Probe
from dex_collector.probes.volumes_linux import read_volume_part

PROBE = Probe(
    name="volumes",
    every_seconds=3600,
    timeout_seconds=20,
    kinds=("inventory.volumes",),
    make_reader=lambda: read_volume_part,
    source="/proc/self/mountinfo",
)
