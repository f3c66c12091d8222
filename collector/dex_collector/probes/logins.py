"""Logins probe."""

from dex_collector.probes.base import Probe
from dex_collector.probes.logins_linux import read_logins

PROBE = Probe(
    name="logins",
    every_seconds=60,
    timeout_seconds=2,
    kinds=("session.logins",),
    make_reader=lambda: read_logins,
    switch="session_events",
    is_user_linked=True,
)
