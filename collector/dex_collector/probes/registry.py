"""All probes of this version."""

from dex_collector.probes import (
    boot,
    disks,
    executions,
    hardware,
    logins,
    monitors,
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
    performance.PROBE,
    executions.PROBE,
    logins.PROBE,
)
