"""Sleeps probe."""

from dex_collector.probes.base import Probe
from dex_collector.probes.sleeps_linux import SleepReader

PROBE = Probe(
    name="sleeps",
    every_seconds=30,
    timeout_seconds=2,
    kinds=("device_performance.sleeps",),
    make_reader=SleepReader,
    source="clocks of the kernel",
)
