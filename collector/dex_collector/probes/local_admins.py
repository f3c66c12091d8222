"""Local administrators probe."""

from dex_collector.probes.base import Probe
from dex_collector.probes.local_admins_linux import read_local_admins

PROBE = Probe(
    name="local_admins",
    every_seconds=6 * 3600,
    timeout_seconds=20,
    kinds=("inventory.local_admins",),
    make_reader=lambda: read_local_admins,
    switch="local_admins",
    is_user_linked=True,
    source="/etc/group, /etc/sudoers",
)
