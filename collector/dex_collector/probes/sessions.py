"""Sessions probe."""

from dex_collector.probes.base import Probe
from dex_collector.probes.sessions_linux import EVERY_SECONDS, SessionReader

CHANGES = ("logins", "logouts", "locks", "unlocks")

PROBE = Probe(
    name="sessions",
    every_seconds=EVERY_SECONDS,
    timeout_seconds=2,
    kinds=("session.events", *(f"session.{change}" for change in CHANGES)),
    make_reader=SessionReader,
    is_user_linked=True,
    source="logind, /run/utmp",
)
