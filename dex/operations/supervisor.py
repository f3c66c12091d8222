"""The supervisor: starts processes, restarts what dies, and leaves nothing behind.

One thread, one loop: it reads what the children print, reaps them, and starts them again with
exponential back-off. Each child leads a session of its own, so that Ctrl-C reaches the supervisor
alone, which then stops all in reverse order.
"""

import os
import select
import selectors
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from dex.operations.accounts import Account
from dex.operations.children import adopt_orphans, dies_with_parent, kill_children, kill_group
from dex.operations.guard import listen
from dex.operations.output import Output
from dex.operations.problems import StartProblem

FIRST_DELAY_SECONDS = 0.5
LONGEST_DELAY_SECONDS = 60.0
STEADY_SECONDS = 60.0  # one that ran so long begins with the first delay again
TURN_SECONDS = 0.1
IDLE_SECONDS = 0.5  # output, ends and signals wake the loop at once
SAME_REQUEST_SECONDS = 0.5
CHUNK_BYTES = 65_536


class Stopped(Exception):
    """A stop was asked for while something was waited for."""


@dataclass(frozen=True)
class Process:
    """A program to run, and how it is stopped."""

    name: str
    command: Sequence[str]
    account: Account
    folder: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    stop_signal: signal.Signals = signal.SIGTERM
    stop_seconds: float = 15.0


@dataclass(frozen=True)
class Ended:
    """A process that has run once to its end."""

    status: int
    output: bytes  # what it wrote on its standard output
    last_line: str  # of its standard error


@dataclass(eq=False)
class Child:
    """A process that runs, or waits for its restart."""

    process: Process
    popen: "subprocess.Popen[bytes]"
    pipe: IO[bytes]  # what it prints
    started_at: float
    failures: int = 0  # ends in a row, each soon after its start
    restart_at: float | None = None
    rest: bytes = b""  # a line without its end
    last_line: str = ""

    @property
    def is_running(self) -> bool:
        """Return whether it has not been reaped."""
        return self.popen.returncode is None


def delay_seconds(failures: int) -> float:
    """Return the pause before the restart after so many failures in a row."""
    return float(min(LONGEST_DELAY_SECONDS, FIRST_DELAY_SECONDS * 2.0 ** min(failures - 1, 10)))


class Supervisor:
    """Runs processes until it is told to stop. Only one lives in a process, in its main thread."""

    def __init__(self, output: Output) -> None:
        self.output = output
        self.children: list[Child] = []
        self.is_stopping = False
        self._stop_requests = 0
        self._asked_at = float("-inf")
        self._single: Child | None = None  # runs once, is not restarted
        self._selector = selectors.DefaultSelector()
        self._listen_to_signals()
        adopt_orphans()

    # --- What callers ask for ----------------------------------------------------------------

    def start(self, process: Process) -> Child:
        """Start a process that is started again whenever it ends."""
        child = self._spawn(process)
        self.children.append(child)
        return child

    def run(self, process: Process, given: bytes = b"") -> Ended:
        """Run a process to its end: `given` is its input; its standard output goes to no log.

        Raises:
            Stopped: a stop was asked for meanwhile; the process has ended then.
        """
        with tempfile.TemporaryFile() as source, tempfile.TemporaryFile() as sink:
            source.write(given)
            source.seek(0)
            child = self._single = self._spawn(process, source, sink)
            while child.is_running:
                self.turn()
                if self._stop_requests:
                    self._stop_child(child)
            self._single = None
            self._raise_if_stopped()
            sink.seek(0)
            return Ended(child.popen.returncode, sink.read(), child.last_line)

    def wait_for(self, is_ready: Callable[[], bool], child: Child, seconds: float) -> None:
        """Wait until `child` is ready.

        Raises:
            StartProblem: it ended, or was not ready in time.
            Stopped: a stop was asked for meanwhile.
        """
        deadline = time.monotonic() + seconds
        while not is_ready():
            if child.failures or time.monotonic() > deadline:
                raise StartProblem(f"{child.process.name} did not start: {child.last_line}")
            self.turn()
            self._raise_if_stopped()

    def watch(self) -> None:
        """Keep all running until a stop is asked for."""
        while not self._stop_requests:
            self.turn(IDLE_SECONDS)

    def stop(self) -> None:
        """Stop all in reverse order and wait; then nothing that descends from us is left."""
        self.is_stopping = True
        for child in reversed(self.children):
            self._stop_child(child)
        kill_children()
        self.output.close()

    def turn(self, seconds: float = TURN_SECONDS) -> None:
        """Go round the loop once: read, reap, restart what is due."""
        for key, _events in self._selector.select(seconds):
            key.data()
        self._reap()
        if not self.is_stopping:
            self._restart_due()

    # --- One child ---------------------------------------------------------------------------

    def _spawn(
        self,
        process: Process,
        source: IO[bytes] | int = subprocess.DEVNULL,
        sink: IO[bytes] | None = None,
    ) -> Child:
        popen = subprocess.Popen(
            process.command,
            stdin=source,
            stdout=sink or subprocess.PIPE,
            stderr=subprocess.PIPE if sink else subprocess.STDOUT,
            cwd=process.folder,
            env=dict(process.environment),
            umask=0o077,
            start_new_session=True,
            preexec_fn=dies_with_parent(process.stop_signal),
            **process.account.popen_arguments(),
        )
        pipe = popen.stderr if sink else popen.stdout
        assert pipe is not None
        os.set_blocking(pipe.fileno(), False)
        child = Child(process, popen, pipe, time.monotonic())
        self._selector.register(pipe, selectors.EVENT_READ, lambda: self._read(child))
        return child

    def _read(self, child: Child) -> None:
        """Pass on the whole lines that the child has printed; at the end of its pipe, close it."""
        try:
            chunk = os.read(child.pipe.fileno(), CHUNK_BYTES)
        except BlockingIOError:
            return
        if not chunk:
            self._close(child)
            return
        *lines, child.rest = (child.rest + chunk).split(b"\n")
        if len(child.rest) > CHUNK_BYTES:  # a line without end is cut
            lines, child.rest = [*lines, child.rest], b""
        for line in lines:
            self._pass_on(child, line)

    def _pass_on(self, child: Child, line: bytes) -> None:
        text = line.decode("utf-8", errors="replace").rstrip()
        if text:
            child.last_line = text
            self.output.line(child.process.name, text)

    def _close(self, child: Child) -> None:
        if child.pipe.closed:
            return
        self._pass_on(child, child.rest)
        child.rest = b""
        self._selector.unregister(child.pipe)
        child.pipe.close()

    def _stop_child(self, child: Child) -> None:
        """Ask, wait, then kill; a second request to stop ends the wait.

        One that has ended is left alone, since its number may be a stranger's: what it had started
        was killed at its end.
        """
        if not child.is_running:
            return
        deadline = time.monotonic() + child.process.stop_seconds
        os.kill(child.popen.pid, child.process.stop_signal)
        while child.is_running and time.monotonic() < deadline and self._stop_requests < 2:
            self.turn()
        if child.is_running:
            kill_group(child.popen.pid)
        while child.is_running:
            self.turn()

    # --- Ends and restarts -------------------------------------------------------------------

    def _reap(self) -> None:
        """Take the exit status of whatever has ended, adopted orphans too."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            for child in [*self.children, *([self._single] if self._single else [])]:
                if child.popen.pid == pid and child.is_running:
                    self._ended(child, os.waitstatus_to_exitcode(status))

    def _ended(self, child: Child, code: int) -> None:
        child.popen.returncode = code
        kill_group(child.popen.pid)  # what it has started and not stopped
        while not child.pipe.closed and self._has_output(child):
            self._read(child)
        self._close(child)
        if child is self._single or self.is_stopping:
            return
        is_steady = time.monotonic() - child.started_at > STEADY_SECONDS
        child.failures = 0 if is_steady else child.failures
        self._start_later(child, f"ended ({code})")

    def _start_later(self, child: Child, why: str) -> None:
        child.failures += 1
        delay = delay_seconds(child.failures)
        child.restart_at = time.monotonic() + delay
        name = child.process.name
        self.output.line("launcher", f"{name} {why}; it starts again in {delay:g} s")

    def _has_output(self, child: Child) -> bool:
        return bool(select.select([child.pipe], [], [], 0)[0])

    def _restart_due(self) -> None:
        for index, child in enumerate(self.children):
            if child.restart_at is None or time.monotonic() < child.restart_at:
                continue
            try:
                fresh = self._spawn(child.process)
            except OSError as problem:  # no memory, no process, a folder that is just replaced
                self._start_later(child, f"could not be started ({problem.strerror})")
                continue
            fresh.failures = child.failures
            self.children[index] = fresh

    # --- Signals -----------------------------------------------------------------------------

    def _listen_to_signals(self) -> None:
        """Wake the loop by a byte in a socket; the handlers themselves do next to nothing."""
        receiver, sender = socket.socketpair()
        receiver.setblocking(False)
        sender.setblocking(False)
        signal.set_wakeup_fd(sender.fileno(), warn_on_full_buffer=False)
        self._sockets = (receiver, sender)  # kept open
        self._selector.register(receiver, selectors.EVENT_READ, lambda: receiver.recv(4096))
        listen(self._ask_to_stop)
        signal.signal(signal.SIGCHLD, lambda _sign, _frame: None)

    def _ask_to_stop(self, _sign: int, _frame: Any) -> None:
        """Count the request; Ctrl-C in a terminal comes twice, from there and from the guard."""
        now = time.monotonic()
        if now - self._asked_at > SAME_REQUEST_SECONDS:
            self._stop_requests += 1
        self._asked_at = now

    def _raise_if_stopped(self) -> None:
        if self._stop_requests:
            raise Stopped
