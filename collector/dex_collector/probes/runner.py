"""Runs probes: each in a thread of its own, with a time-out; a bad one harms no other."""

import logging
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from dex_collector.journal import facts
from dex_collector.probes.base import Context, Listener, NoData, Output, Probe, ProbeError, Reader
from dex_collector.threads import Crew

logger = logging.getLogger(__name__)

GRACE_SECONDS = 0.5  # what one step waits for answers; reads take milliseconds
HANGS_MAXIMUM = 2  # a probe that hung so often is not run again by this process


@dataclass(slots=True)
class Run:
    """One read under way."""

    probe: Probe
    context: Context
    done: threading.Event = field(default_factory=threading.Event)
    outputs: Sequence[Output] = ()
    error: Exception | None = None
    is_overdue: bool = False
    cpu_seconds: float = 0.0  # of its threads, children not counted

    def seconds(self, monotonic: float, awake: float | None) -> float:
        """Return how long it has run; a machine that sleeps runs nothing."""
        if awake is None or self.context.awake is None:
            return monotonic - self.context.monotonic
        return awake - self.context.awake


class Runner:
    """Owns the readers and their threads."""

    def __init__(self, probes: Iterable[Probe], hangs: Mapping[str, int] | None = None) -> None:
        """Take how often probes hung before this process."""
        self._readers: dict[str, Reader] = {probe.name: probe.make_reader() for probe in probes}
        self._crews: dict[str, Crew] = {name: Crew() for name in self._readers}
        self._runs: dict[str, Run] = {}
        self._hangs = dict(hangs or {})
        self._costs: list[tuple[str, float]] = []
        self._absent: set[str] = set()
        self._listening: set[str] = set()  # probes that may have heard something since their read
        self._reports: list[str] = []
        self._logged: dict[str, tuple[str, str]] = {}  # of each probe that fails, how

    def is_idle(self) -> bool:
        """Return whether no read is under way that may still answer in time."""
        return all(run.is_overdue for run in self._runs.values())

    def absent(self) -> frozenset[str]:
        """Return the names of the probes that found no source on this machine."""
        return frozenset(self._absent)

    def take_reports(self) -> list[str]:
        """Return the failures since the last call, as names of counters."""
        reports, self._reports = self._reports, []
        return reports

    def take_costs(self) -> list[tuple[str, float]]:
        """Return probe and processor seconds of each read that ended since the last call.

        With those of the threads that heard for it since its read before.
        """
        costs, self._costs = self._costs, []
        return costs

    def running(self) -> frozenset[str]:
        """Return the names of the probes that are under way, or hang."""
        return frozenset(self._runs)

    def start(self, probe: Probe, context: Context) -> None:
        """Begin a read, unless the one before still hangs or the probe is disabled."""
        if probe.name in self._runs or self._hangs.get(probe.name, 0) >= HANGS_MAXIMUM:
            return
        run = Run(probe=probe, context=context)
        self._runs[probe.name] = run
        if isinstance(self._readers[probe.name], Listener):
            self._listening.add(probe.name)
        threading.Thread(
            target=self._read, args=(run,), name=f"probe-{probe.name}", daemon=True
        ).start()

    def _read(self, run: Run) -> None:
        crew = self._crews[run.probe.name]
        try:
            with crew.working():
                run.outputs = list(self._readers[run.probe.name](run.context))
        except Exception as error:  # noqa: BLE001 - any failure stays inside its probe
            run.error = error
        finally:
            # This thread is that of this read alone; its helpers worked since the read before.
            run.cpu_seconds = time.thread_time() + crew.take_cpu_seconds()
            run.done.set()

    def rest(self, probe: Probe) -> None:
        """Let a reader that listens stop: its probe may not run now."""
        reader = self._readers[probe.name]
        if isinstance(reader, Listener) and probe.name not in self._runs:
            reader.rest()
            self._listening.discard(probe.name)

    def listening(self) -> frozenset[str]:
        """Return the names of the probes that hear while they are not read."""
        return frozenset(self._listening)

    def finished(
        self, monotonic: float, awake: float | None = None
    ) -> list[tuple[Probe, Context, Sequence[Output]]]:
        """Return what has been read meanwhile; wait a moment for those that just began.

        monotonic, awake: the present of the clocks of a context.
        """
        results = []
        for name, run in list(self._runs.items()):
            if run.done.wait(0 if run.is_overdue else GRACE_SECONDS):
                del self._runs[name]
                self._costs.append((name, run.cpu_seconds))
                if not run.is_overdue and not self._failed(run):
                    results.append((run.probe, run.context, run.outputs))
            elif not run.is_overdue and run.seconds(monotonic, awake) >= run.probe.timeout_seconds:
                run.is_overdue = True  # its thread cannot be ended; its answer will not count
                self._hangs[name] = self._hangs.get(name, 0) + 1
                self._report(run.probe, "timed_out")
                if self._hangs[name] == HANGS_MAXIMUM:
                    self._report(run.probe, "disabled")
        return results

    def _failed(self, run: Run) -> bool:
        if run.error is None:
            self._absent.discard(run.probe.name)
            self._logged.pop(run.probe.name, None)
            return False
        if isinstance(run.error, NoData):
            if run.probe.name not in self._absent:
                self._absent.add(run.probe.name)
                logger.info("Probe has no source here", extra=facts(probe=run.probe.name))
            return True
        self._report(run.probe, "failed", run.error)
        return True

    def _report(self, probe: Probe, what: str, error: Exception | None = None) -> None:
        self._reports.append(f"probe_{what}.{probe.name}")
        is_known = isinstance(error, ProbeError)
        name = str(error) if is_known else type(error).__name__ if error else ""
        if self._logged.get(probe.name) == (what, name):
            return  # as before: a source that is gone for long would fill the log
        self._logged[probe.name] = what, name
        logger.warning(
            "Probe %s",
            what.replace("_", " "),
            exc_info=None if is_known else error,
            extra=facts(probe=probe.name, error=name or None),
        )
