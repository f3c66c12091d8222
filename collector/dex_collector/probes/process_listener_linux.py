"""Listens to the process connector between two passes: counts starts, notes crashes."""

import errno
import os
import socket
import struct
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from time import sleep as rest
from typing import NamedTuple

from dex_collector.probes.base import read_text
from dex_collector.probes.process_connector_linux import (
    CORE_DUMP,
    EXEC,
    EXIT,
    Event,
    parse_event,
)
from dex_collector.probes.programs_linux import GONE, UNKNOWN, Program, parse_comm, read_program
from dex_collector.threads import Helper

CRASH_SIGNALS = frozenset({4, 6, 7, 8, 11})  # signal(7): SIGILL, SIGABRT, SIGBUS, SIGFPE, SIGSEGV
STARTS_MAXIMUM = 200  # a second, on the mean of a window; more cost more than they tell
WINDOW_SECONDS = 60.0
BURST_SECONDS, WORK_SECONDS = 0.005, 0.001  # of rest in a burst, and of work after it
ON_START_SECONDS = 10.0  # a crash so soon is one on start
TIME = struct.Struct("@ll")  # socket(7), struct timeval; the kernel waits, not a call before each
LOOK_SECONDS = 1  # until the thread notices that nobody listens any more
MESSAGE_BYTES = 512  # a message has 76
CRASHES_MAXIMUM = 1_000  # between two passes; a program that is started again and again
DUMPING_MAXIMUM = 1_000

NOBODY_LOOKED = Program(UNKNOWN, GONE)  # it had ended before that
Clock = Callable[[], float]


class Run(NamedTuple):
    """A process that runs a program. uid: None where it was gone before anybody looked.

    since: on the listener's clock; None where its start was not heard.
    """

    program: Program
    uid: int | None
    since: float | None


@dataclass(frozen=True, slots=True)
class Crash:
    """A process that a signal ended. at: of the listener's clock."""

    program: Program
    uid: int | None
    signal: int
    at: float
    is_on_start: bool | None


@dataclass(slots=True)
class Heard:
    """What was heard between two passes."""

    starts: Counter[tuple[int | None, str]] = field(
        default_factory=Counter
    )  # by user id and binary
    pids: set[int] = field(default_factory=set)  # that started a program
    crashes: list[Crash] = field(default_factory=list)
    overflows: int = 0  # times at which the kernel's queue was full: nobody knows what was lost
    is_complete: bool = False  # every start since the last pass was heard


class Listener:
    """Owns the subscription and the thread that reads it."""

    def __init__(
        self, root: Path, link: socket.socket, clock: Clock, *, with_paths: bool = False
    ) -> None:
        """Listen to `link`. with_paths: whether paths of programs may be kept."""
        self.with_paths = with_paths
        self._proc, self._link, self._clock = str(root / "proc"), link, clock
        link.settimeout(None)
        link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, TIME.pack(LOOK_SECONDS, 0))
        self._lock = threading.Lock()
        self._heard = Heard()
        self._runs: dict[int, Run] = {}
        self._dumping: dict[int, Run] = {}
        self._from = self._window_from = clock()
        self._window_starts = 0
        self._started_at = self._rested_at = 0.0  # the last start, and the last rest in a burst
        self._is_closed = False
        self.rate = 0  # starts a second, where they were too many
        self._thread = Helper("process-events", self._listen)
        self._thread.start()

    @property
    def is_alive(self) -> bool:
        """Return whether the subscription still stands."""
        return not self._is_closed and self._thread.is_alive()

    def take(self, present: Mapping[int, tuple[Program, int]]) -> Heard:
        """Return what was heard since the last call. present: program and user of all processes.

        Of a process that ended in order nothing is heard, so those not present are forgotten.
        """
        with self._lock:
            heard, self._heard = self._heard, Heard()
            runs = {pid: run for pid, run in self._runs.items() if pid in heard.pids}
            for pid, (program, uid) in present.items():
                runs[pid] = self._runs.get(pid) or Run(program, uid, None)
            self._runs = runs
        return heard

    def close(self) -> None:
        """End the subscription: what comes from now on is not looked at, what came is gone."""
        self._is_closed = True
        with self._lock:
            self._heard, self._runs, self._dumping = Heard(), {}, {}

    def _listen(self) -> None:
        with self._link:
            while not self._is_closed:
                self._hear()

    def _hear(self) -> None:
        """Wait for one message and note what it tells."""
        try:
            message = self._link.recv(MESSAGE_BYTES)
        except BlockingIOError:  # time to look whether somebody closed
            return
        except OSError as error:
            if error.errno == errno.ENOBUFS:
                with self._lock:
                    self._heard.overflows += 1
            else:
                self._is_closed = True
            return
        event = parse_event(message)
        if event is not None and not self._is_closed:
            self._note(event)

    def _note(self, event: Event) -> None:
        if event.what == EXEC:
            self._note_start(event.pid)
        elif event.what == CORE_DUMP:
            run = self._find(event.pid)
            with self._lock:
                if len(self._dumping) >= DUMPING_MAXIMUM:  # their ends were lost
                    self._dumping.clear()
                self._dumping[event.pid] = run
        elif event.what == EXIT:
            self._note_end(event.pid, event.number)

    def _note_start(self, pid: int) -> None:
        now = self._clock()
        run = self._read(pid, now)
        with self._lock:
            self._runs[pid] = run
            self._heard.starts[run.uid, run.program.name] += 1
            self._heard.pids.add(pid)
        self._rest_in_burst(now)
        self._window_starts += 1
        if now - self._window_from >= WINDOW_SECONDS:
            rate = self._window_starts / (now - self._window_from)
            self._window_from, self._window_starts = now, 0
            if rate > STARTS_MAXIMUM:
                self.rate, self._is_closed = round(rate), True

    def _rest_in_burst(self, now: float) -> None:
        """Let more come while programs start one after the other: each waking costs as much as a look.

        What ends within the rest is counted without a name; so little of it is told as `other` anyway.
        """
        if now - self._started_at < BURST_SECONDS and now - self._rested_at > WORK_SECONDS:
            rest(BURST_SECONDS)
            self._rested_at = self._clock()
        self._started_at = now

    def _note_end(self, pid: int, signal: int) -> None:
        dumped = self._dumping.pop(pid, None)
        if dumped is None and signal not in CRASH_SIGNALS:
            return
        at, run = self._clock(), dumped or self._find(pid)
        crash = Crash(run.program, run.uid, signal, at, self._is_on_start(run, at))
        with self._lock:
            self._heard.crashes.append(crash)
            del self._heard.crashes[CRASHES_MAXIMUM:]

    def _find(self, pid: int) -> Run:
        """Return what a process runs: by its file, else by what was read at its start.

        A number is used again, and a child may never have started a program of its own; so what
        was read at a start counts only where it is the same, or nothing can be read any more.
        """
        now, known = self._read(pid, None), self._runs.get(pid)
        if known is None or (now.program.root != GONE and now.program.name != known.program.name):
            return now
        return known

    def _read(self, pid: int, since: float | None) -> Run:
        """Read program and user of a process: two calls of the system."""
        folder = f"{self._proc}/{pid}"
        try:
            uid = os.stat(folder).st_uid
        except OSError:
            return Run(NOBODY_LOOKED, None, since)
        program = read_program(folder, "", with_path=self.with_paths)
        if program.name == UNKNOWN:
            comm = parse_comm(read_text(Path(folder) / "stat") or "")
            program = replace(program, name=comm or UNKNOWN)
        return Run(program, uid, since)

    def _is_on_start(self, run: Run, at: float) -> bool | None:
        if run.since is not None:
            return at - run.since <= ON_START_SECONDS
        return None if at - self._from <= ON_START_SECONDS else False  # a start would be known
