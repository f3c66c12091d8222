"""Stops probe: system crashes and hard resets."""

from dex_collector.probes.base import Probe
from dex_collector.probes.stops_linux import read_stops

PROBE = Probe(
    name="stops",
    every_seconds=3600,
    timeout_seconds=2,
    kinds=("device_performance.system_crashes", "device_performance.hard_resets"),
    make_reader=lambda: read_stops,
    source="/var/log/wtmp, /sys/fs/pstore",
)
