"""Records that wait, and a turn that sends them."""

from typing import Any

from dex_collector.daemon import Daemon
from tests.collector.fakes import FakeClock


def boot(minute: int = 0) -> dict[str, Any]:
    return {
        "kind": "device_performance.boots",
        "occurred_at": f"2026-03-02T12:{minute:02d}:00.000Z",
        "fields": {"type": "full_boot"},
    }


def send(daemon: Daemon, clock: FakeClock, *records: dict[str, Any]) -> None:
    """Let records wait, and take a turn."""
    daemon.spool.add(list(records) or [boot()], clock.now())
    daemon._wants_turn = True
    daemon.step()
