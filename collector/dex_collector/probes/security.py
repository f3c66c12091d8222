"""Security probe."""

from dex_collector.probes.base import Probe
from dex_collector.probes.security_linux import read_security

PROBE = Probe(
    name="security",
    every_seconds=3600,
    timeout_seconds=20,
    kinds=("inventory.security",),
    make_reader=lambda: read_security,
    source="nftables, /etc/ufw, /sys/fs/cgroup, /opt",
)
