"""Threads that work for a probe beside its reads, and what they cost."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

_here = threading.local()  # whose read this thread runs, if it runs one


class Helper(threading.Thread):
    """A thread that ends with the process; it belongs to the read that makes it, if one does."""

    def __init__(self, name: str, target: Callable[..., None], *args: Any) -> None:
        super().__init__(name=name, target=target, args=args, daemon=True)
        self._used = self._told = 0.0
        crew: Crew | None = getattr(_here, "crew", None)
        if crew is not None:
            crew.add(self)

    def run(self) -> None:
        """Work, and note at the end what it cost: then nobody can ask any more."""
        try:
            super().run()
        finally:
            self._used = time.thread_time()

    def take_cpu_seconds(self) -> float:
        """Return what this thread used since the last call.

        Source: Linux, include/linux/posix-timers_types.h: the number of the clock of a thread.
        That of the module time, which takes a POSIX thread, is not safe for one that has ended.
        """
        used = self._used
        if not used and self.native_id is not None:
            with suppress(OSError):  # it ends at this very moment: told at the next call
                used = time.clock_gettime(~self.native_id << 3 | 6)
        taken, self._told = max(0.0, used - self._told), max(used, self._told)
        return taken


class Crew:
    """The helpers of one probe."""

    def __init__(self) -> None:
        self._helpers: list[Helper] = []

    def add(self, helper: Helper) -> None:
        """Count the cost of a thread from now on."""
        self._helpers.append(helper)

    @contextmanager
    def working(self) -> Iterator[None]:
        """Take on every helper that this thread makes meanwhile."""
        _here.crew = self
        try:
            yield
        finally:
            _here.crew = None

    def take_cpu_seconds(self) -> float:
        """Return what all of them used since the last call."""
        ended = [one for one in self._helpers if one.ident is not None and not one.is_alive()]
        taken = sum(one.take_cpu_seconds() for one in self._helpers)
        self._helpers = [one for one in self._helpers if one not in ended]
        return taken
