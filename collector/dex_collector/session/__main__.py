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
from dex_collector.session.companion import Companion, Daemon, ReadIdle
from dex_collector.session.desktop import Desktop
from dex_collector.session.indicator import Indicator, sentence
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
    address = os.getenv("DBUS_SESSION_BUS_ADDRESS", "")
    bus = Bus()
    desktop, indicator = Desktop(address, bus), Indicator(address)
    companion = Companion(
        Daemon(path), desktop, idle_reader(desktop), indicator.show, SystemClock().monotonic
    )
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        while True:
            bus.wait(companion.step())
    except KeyboardInterrupt:  # the session ends
        return 0
    finally:
        companion.stop()
        indicator.close()


def idle_reader(desktop: Desktop) -> ReadIdle:
    """Return what reads the idle time: of GNOME, else of an X server."""
    x11 = X11Idle.open(os.getenv("DISPLAY", ""))

    def read() -> int | None:
        told = desktop.read_idle_ms()
        return x11.read_idle_ms() if told is None and x11 is not None else told

    return read


if __name__ == "__main__":
    sys.exit(main())
