"""All probes of this version."""

from dex_collector.probes import (
    boot,
    connectivity,
    disks,
    executions,
    hardware,
    logins,
    monitors,
    network,
    operating_system,
    performance,
    volumes,
)
from dex_collector.probes.base import Probe

PROBES: tuple[Probe, ...] = (
    boot.PROBE,
    hardware.PROBE,
    operating_system.PROBE,
    disks.PROBE,
    monitors.PROBE,
    volumes.PROBE,
    network.PROBE,
    performance.PROBE,
    connectivity.PROBE,
    executions.PROBE,
    logins.PROBE,
)
