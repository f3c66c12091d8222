"""Performance probe."""

from dex_collector.probes.base import Probe
from dex_collector.probes.performance_linux import PerformanceReader

PROBE = Probe(
    name="performance",
    every_seconds=30,
    timeout_seconds=2,
    kinds=("device_performance.events",),
    make_reader=PerformanceReader,
    source="/proc, /sys",
)
