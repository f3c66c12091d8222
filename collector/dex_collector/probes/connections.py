"""Connections probe."""

from dex_collector.probes.base import Probe
from dex_collector.probes.connections_linux import ConnectionReader

PROBE = Probe(
    name="connections",
    every_seconds=300,
    timeout_seconds=2,
    kinds=("connection.events", "execution.events"),
    make_reader=ConnectionReader,
    switch="network_connections",
    is_user_linked=True,
    cost="moderate",
    source="sock_diag, /proc/net",
)
