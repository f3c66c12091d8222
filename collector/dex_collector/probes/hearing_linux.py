"""Decides when to listen to the process connector, and when to leave it for a while."""

import socket
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from dex_collector.clock import to_text
from dex_collector.probes.base import Context, Fact, Lack, Output
from dex_collector.probes.process_connector_linux import open_connector
from dex_collector.probes.process_listener_linux import Heard, Listener
from dex_collector.probes.programs_linux import Program

SHED_SECONDS = 600.0  # without the connector, after programs began too often
POLLED = Lack("executions.polled")  # what ran shortly is not seen

Open = Callable[[], socket.socket]


def since_boot() -> float:
    """Return the seconds since the boot, asleep or awake, as a context counts them."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


class Hearing:
    """Opens a listener where the machine allows one."""

    def __init__(
        self, open_link: Open = open_connector, clock: Callable[[], float] = since_boot
    ) -> None:
        self._open_link, self._clock = open_link, clock
        self._listener: Listener | None = None
        self._free_at: float | None = None  # while it is shed
        self._was_alive = False

    def begin(self, context: Context, *, with_paths: bool) -> list[Output]:
        """Listen from now on, if that may be; return what there is to tell of it."""
        told: list[Output] = []
        self._was_alive = self._listener is not None and self._listener.is_alive
        if self._listener is not None and not self._was_alive:
            if self._listener.rate:
                self._free_at = context.monotonic + SHED_SECONDS
                words = (
                    f"executions polled for {SHED_SECONDS:.0f} s: {self._listener.rate} starts/s"
                )
                told.append(_event(context, "probe_slowed", words))
        elif self._listener is None and self._may_open(context):
            if self._free_at is not None:
                told.append(_event(context, "probe_restored", "executions heard again"))
            self._free_at = None
            self._listener = self._try_to_open(context.root, with_paths)
        if self._listener is None and self._free_at is None:
            told.append(Lack("crashes.unsupported"))
        if self._listener is None or not self._listener.is_alive:
            told.append(POLLED)
        else:
            self._listener.with_paths = with_paths
        return told

    def take(self, present: Mapping[int, tuple[Program, int]]) -> Heard:
        """Return what was heard since the last call."""
        if self._listener is None:
            return Heard()
        heard, is_alive = self._listener.take(present), self._listener.is_alive
        heard.is_complete = self._was_alive and is_alive and not heard.overflows
        if not is_alive:
            self._listener = None
        return heard

    def rest(self) -> None:
        """Stop listening and forget what was heard."""
        if self._listener is not None:
            self._listener.close()
        self._listener = None

    def _may_open(self, context: Context) -> bool:
        return self._free_at is None or context.monotonic >= self._free_at

    def _try_to_open(self, root: Path, with_paths: bool) -> Listener | None:
        if root != Path("/") and self._open_link is open_connector:
            return None  # the kernel tells of this machine, not of a captured one
        try:
            return Listener(root, self._open_link(), self._clock, with_paths=with_paths)
        except OSError:
            return None


def _event(context: Context, type_: str, details: str) -> Fact:
    fields = {"type": type_, "details": details}
    return Fact("collector.events", context.now, key=to_text(context.now), fields=fields)
