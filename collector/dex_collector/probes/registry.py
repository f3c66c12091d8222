"""All probes of this version."""

from dex_collector.probes import (
    boot,
    connections,
    connectivity,
    disks,
    executions,
    hardware,
    local_admins,
    monitors,
    network,
    operating_system,
    packages,
    performance,
    security,
    sessions,
    sleeps,
    stops,
    users,
    volumes,
)
from dex_collector.probes.base import Probe

PROBES: tuple[Probe, ...] = (
    boot.PROBE,
    stops.PROBE,
    sleeps.PROBE,
    hardware.PROBE,
    operating_system.PROBE,
    disks.PROBE,
    monitors.PROBE,
    volumes.PROBE,
    security.PROBE,
    users.PROBE,
    local_admins.PROBE,
    network.PROBE,
    packages.PROBE,
    performance.PROBE,
    connectivity.PROBE,
    connections.PROBE,
    executions.PROBE,
    sessions.PROBE,
)
