"""Troubles: probes that hung, or with which the process crashed, remembered beyond its end."""

import contextlib
import faulthandler
import os
from collections.abc import Iterable
from pathlib import Path

from dex_collector import __version__, private_files
from dex_collector.spool import Spool

MEMORY = "probe_troubles"  # in the spool: {"version", "counts"}
LIMIT = 2  # a probe that hung or crashed so often waits for the next version


class Troubles:
    """Two small files beside the spool tell the next process what this one died of.

    `running`: the probes under way. `fault`: written by Python itself at a fatal signal, SIGABRT
    of systemd's watchdog among them; no data, only places in the code. A process that was killed
    otherwise leaves no fault: its probes are not blamed.
    """

    def __init__(self, state: Path, spool: Spool) -> None:
        self._spool = spool
        self._fault_path, running = state / "fault", state / "running"
        self.crashed = self._notice_crash(running)  # with which the process before ended
        flags = os.O_RDWR | os.O_CREAT | os.O_TRUNC
        self._running = os.open(running, flags, private_files.MODE)
        self._names: set[str] = set()

    def _notice_crash(self, running: Path) -> list[str]:
        names: list[str] = []
        with contextlib.suppress(OSError):
            if self._fault_path.stat().st_size:
                names = running.read_text(encoding="utf-8").split()
        self._fault_path.unlink(missing_ok=True)
        for name in names:
            self.count(name)
        return names

    def counts(self) -> dict[str, int]:
        """Return how often each probe hung or crashed under this version of the collector."""
        known = self._spool.read(MEMORY, {})
        return dict(known.get("counts", {})) if known.get("version") == __version__ else {}

    def sentences(self) -> list[tuple[str, str]]:
        """Return what is to be told of a crash: type and details of events."""
        counts = self.counts()
        return [
            (
                "probe_disabled",
                f"{name}: with it the collector crashed; not read until its next version",
            )
            if counts.get(name, 0) >= LIMIT
            else ("probe_failed", f"{name}: with it the collector crashed")
            for name in self.crashed
        ]

    def count(self, probe: str) -> None:
        """Add one to a probe."""
        with self._spool.transaction():
            counts = self.counts()
            counts[probe] = counts.get(probe, 0) + 1
            self._spool.write(MEMORY, {"version": __version__, "counts": counts})

    def note_running(self, probes: Iterable[str]) -> None:
        """Write which probes are under way: no more than a system call or two."""
        names = set(probes)
        if names == self._names:
            return
        self._names = names
        with contextlib.suppress(OSError):  # a full disk: then nobody is blamed
            os.ftruncate(self._running, 0)
            os.pwrite(self._running, " ".join(sorted(names)).encode(), 0)

    def watch_process(self) -> None:
        """Let a fatal signal of this process leave its mark."""
        descriptor = os.open(
            self._fault_path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, private_files.MODE
        )
        faulthandler.enable(descriptor)

    def close(self) -> None:
        """End in order: nothing is under way."""
        self.note_running(())
        os.close(self._running)
