"""Connectivity probe."""

from dex_collector.probes.base import Probe
from dex_collector.probes.connectivity_linux import EVERY_SECONDS, KIND, ConnectivityReader

PROBE = Probe(
    name="connectivity",
    every_seconds=EVERY_SECONDS,
    timeout_seconds=2,
    kinds=(KIND,),
    make_reader=ConnectivityReader,
    source="/sys/class/net, /proc/net, NetworkManager",
)
