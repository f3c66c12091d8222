"""`python -m dex_collector.session`: run the companion, or say whether one is measured now."""

import argparse
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from dex_collector import journal
from dex_collector.bus import Bus
from dex_collector.clock import SystemClock
from dex_collector.session.companion import Companion, Daemon
from dex_collector.session.desktop import Desktop
from dex_collector.session.idle import Idle
from dex_collector.session.indicator import Indicator, sentence
from dex_collector.session.wayland_idle import WaylandIdle
from dex_collector.session.x11_idle import X11Idle

SOCKET = Path("/run/dex/collector.sock")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return its exit status."""
    parser = argparse.ArgumentParser(prog="dex-session", description=__doc__)
    parser.add_argument("command", nargs="?", choices=["run", "status"], default="run")
    parser.add_argument("--socket", type=Path, default=SOCKET, help="the daemon's Unix socket")
    options = parser.parse_args(arguments)
    return _status(options.socket) if options.command == "status" else _run(options.socket)


def _status(path: Path) -> int:
    daemon = Daemon(path)
    try:
        is_measuring = bool(daemon.tell("hello").get("measuring"))
    except (OSError, ValueError):
        is_measuring = False  # nobody is there who would
    finally:
        daemon.close()
    sys.stdout.write(f"{sentence(is_measuring)}\n")
    return 0


def _run(path: Path) -> int:
    journal.start()
    journal.tell_failures()
    address = os.getenv("DBUS_SESSION_BUS_ADDRESS", "")
    bus = Bus()
    desktop, indicator = Desktop(address, bus), Indicator(address)
    idle = Idle(
        desktop,
        lambda: WaylandIdle.open(
            os.getenv("XDG_RUNTIME_DIR", ""), os.getenv("WAYLAND_DISPLAY", "")
        ),
        lambda: X11Idle.open(os.getenv("DISPLAY", "")),
    )
    companion = Companion(Daemon(path), desktop, idle, indicator.show, SystemClock().monotonic)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        while True:
            bus.wait(companion.step())
    except KeyboardInterrupt:  # the session ends
        return 0
    finally:
        companion.stop()
        indicator.close()


if __name__ == "__main__":
    sys.exit(main())
