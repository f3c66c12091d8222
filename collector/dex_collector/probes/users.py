"""Users probe."""

from dex_collector.probes.base import Probe
from dex_collector.probes.users_linux import read_users

PROBE = Probe(
    name="users",
    every_seconds=24 * 3600,
    timeout_seconds=20,
    kinds=("inventory.users",),
    make_reader=lambda: read_users,
    is_user_linked=True,
    source="/etc/passwd, /etc/group",
)
