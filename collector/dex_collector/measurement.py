"""Measurement: runs what is due and allowed, and brings the results into the spool."""

import logging
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from dex_collector import batch
from dex_collector.batch import Record
from dex_collector.buckets import Buckets
from dex_collector.capabilities import MEMORY as CAPABILITIES
from dex_collector.capabilities import Capabilities
from dex_collector.clock import Clock, from_text, to_text
from dex_collector.configuration import LISTING, ConfigurationStore
from dex_collector.inventory import Inventory, Part
from dex_collector.journal import facts
from dex_collector.local.companions import Companions
from dex_collector.pausing import is_paused
from dex_collector.place import Place
from dex_collector.probes.base import Context, Fact, Output, Probe, Sample, Tally
from dex_collector.probes.executions_linux import fold_small
from dex_collector.probes.registry import PROBES
from dex_collector.probes.runner import Runner
from dex_collector.redaction import Redaction
from dex_collector.reports import Cost, Reports, read_cost
from dex_collector.spool import Spool
from dex_collector.troubles import Troubles
from dex_collector.users import read_host_name
from dex_collector.watchdog import Watchdog

logger = logging.getLogger(__name__)

HELD_BYTES_MAXIMUM = 2_000_000  # in memory, while the disk is full
RETRY_SECONDS = 60.0  # a probe whose result the full disk did not take
WAIT_SECONDS = 600.0  # for the work hours, or for a switch
KEYS_MAXIMUM = 1_000  # remembered facts of one kind and boot
FIRST_RUN_SECONDS = 20.0  # what the first batch waits for slow probes
LAST_WAITS = 4  # for the answers at the end; each half a second at most


class Measurement:
    """Probes, buckets and inventory of one device."""

    def __init__(
        self,
        root: Path,
        clock: Clock,
        spool: Spool,
        configuration: ConfigurationStore,
        probes: Sequence[Probe] = PROBES,
        companions: Companions | None = None,
        read_cost: Callable[[], Cost] = read_cost,
    ) -> None:
        self._companions = companions
        self._root, self._clock, self._spool, self._store = root, clock, spool, configuration
        self._probes = probes
        self.troubles = Troubles(spool.path.parent, spool)
        self._runner = Runner(probes, self.troubles.counts())
        self._buckets = Buckets(folds={"execution.events": fold_small})
        self._inventory = Inventory(spool)
        self._capabilities = Capabilities()
        self.reports = Reports(spool, clock, read_cost)
        self.watchdog = Watchdog(probes, clock, self.reports.tell, read_cost)
        self._place = Place(root, clock)
        self._troubles: set[str] = set()  # probes that failed at their last read, and how
        self._held: list[Record] = []
        self._lost: Counter[str] = Counter()
        self._due: dict[str, float] = {}
        self._started = clock.monotonic()
        self.has_closed_bucket = False  # of device performance, since the start
        self.restart()

    def restart(self) -> None:
        """Run everything now: at start and after an enrolment."""
        self._started = self._clock.monotonic()
        self._due = {probe.name: self._started for probe in self._probes}
        self._capabilities.forget()
        self.has_closed_bucket = False

    def is_first_run_done(self) -> bool:
        """Return whether the probes have answered since the start, or had time enough to."""
        return (
            self._runner.is_idle() or self._clock.monotonic() - self._started >= FIRST_RUN_SECONDS
        )

    def step(self) -> None:
        """Start what is due, take what is there, close buckets whose time is over."""
        monotonic = self._clock.monotonic()
        self._keep(self._buckets.close_ended(self._clock.now()))
        for probe in self._probes:
            if monotonic >= self._due[probe.name]:
                self._due[probe.name] = self._next(probe, monotonic)
                if self._may_run(probe):
                    self._start(probe)
                    continue
                self._runner.rest(probe)
                if probe.every_seconds > WAIT_SECONDS:  # what is read daily waits for no day
                    self._due[probe.name] = monotonic + WAIT_SECONDS
        self._take_answers(monotonic)
        self.troubles.note_running(self._runner.running())
        for name, cpu_seconds in self._runner.take_costs():
            self.watchdog.note_run(name, cpu_seconds)
        for counter in self._runner.take_reports():
            self._spool.count(counter)
            if counter.startswith("probe_timed_out."):
                self.troubles.count(counter.partition(".")[2])
            self._note_trouble(counter)
        if self._runner.is_idle():
            self._tell_capabilities(monotonic)

    def _start(self, probe: Probe) -> None:
        self.troubles.note_running(self._runner.running() | {probe.name})
        self._runner.start(probe, self._context())

    def _take_answers(self, monotonic: float) -> None:
        for probe, context, outputs in self._runner.finished(monotonic, self._clock.awake()):
            if context.configuration is self._store.current:
                self._capabilities.note(probe.name, outputs)
                self._note_success(probe.name)
                self._take(probe, outputs)
            else:  # read under an older one: once more
                self._due[probe.name] = monotonic

    def _note_trouble(self, counter: str) -> None:
        """Tell that a probe failed, once until it has worked again."""
        if counter in self._troubles:
            return
        self._troubles.add(counter)
        what, _, probe = counter.partition(".")
        type_ = "probe_disabled" if what == "probe_disabled" else "probe_failed"
        self.reports.tell(type_, f"{probe} {what.removeprefix('probe_').replace('_', ' ')}")

    def _note_success(self, probe: str) -> None:
        solved = {counter for counter in self._troubles if counter.endswith(f".{probe}")}
        if solved:
            self._troubles -= solved
            self.reports.tell("probe_restored", f"{probe} reads again")

    def _tell_capabilities(self, monotonic: float) -> None:
        restrictions = self._store.local.names()
        part = self._capabilities.due(self._runner.absent(), restrictions, monotonic)
        if part is None:
            return
        try:
            self._take_part(part)
            self._spool.write(CAPABILITIES, (part.fields or {})["capabilities"])
        except sqlite3.OperationalError:
            logger.exception("The spool takes nothing")
            self._capabilities.postpone(monotonic)

    def _next(self, probe: Probe, monotonic: float) -> float:
        """Return the next time on the probe's own grid, which began with the start."""
        every = self.watchdog.interval(probe)
        passed = (monotonic - self._started) // every
        return self._started + (passed + 1) * every

    def _may_run(self, probe: Probe) -> bool:
        """Return whether a probe may run now: what is off is not read at all."""
        if probe.switch is not None and not self._store.current.is_on(probe.switch):
            return False
        if self.watchdog.is_dropped(probe.name):
            return False
        return not probe.is_user_linked or self.measures_people()

    def measures_people(self) -> bool:
        """Return whether what tells about a person may be read now."""
        current = self._store.current
        if is_paused(self._spool, current, self._clock.now()):
            return False
        return current.measures_people(
            self._clock.now(),
            self._clock.zone,
            is_on_site=lambda: self._place.is_on_site(current.networks),
        )

    def _context(self) -> Context:
        return Context(
            root=self._root,
            now=self._clock.now(),
            monotonic=self._clock.monotonic(),
            configuration=self._store.current,
            measures_people=self.measures_people(),
            awake=self._clock.awake(),
            companions=self._companions,
        )

    def seconds_to_next(self) -> float:
        """Return how long nothing has to be done here."""
        if not self._runner.is_idle():
            return 0.2
        to_probe = min(self._due.values(), default=60.0) - self._clock.monotonic()
        return max(0.0, min(to_probe, self._buckets.seconds_to_close(self._clock.now())))

    def _take(self, probe: Probe, outputs: Iterable[Output]) -> None:
        closed: list[Record] = []
        try:
            for output in outputs:
                match output:
                    case Sample():
                        closed += self._buckets.add(output, self._clock.now())
                    case Fact():
                        if self._may_tell(probe, output):
                            self._take_fact(output)
                    case Part():
                        self._take_part(output)
                    case Tally() if output.number:
                        self._spool.count(output.counter, output.number)
        except sqlite3.OperationalError:
            logger.exception("The spool takes nothing", extra=facts(probe=probe.name))
            self._due[probe.name] = self._clock.monotonic() + RETRY_SECONDS
        self._keep(closed)

    def _may_tell(self, probe: Probe, fact: Fact) -> bool:
        """Return whether a fact may be told: not what happened while it was not to be watched."""
        if not probe.is_user_linked:
            return True
        since, occurred_at = self._place.since, fact.occurred_at
        if not self._store.current.measures_people(
            occurred_at,
            self._clock.zone,
            is_on_site=lambda: since is not None and since <= occurred_at,
        ):
            return False
        widened_at = self._spool.read("widened_at", {})
        switches = ("work_hours", probe.switch, fact.switch)
        return all(occurred_at >= from_text(widened_at[s]) for s in switches if s in widened_at)

    def _take_fact(self, fact: Fact) -> None:
        """Keep a fact, unless one of its key was kept already."""
        memory = f"facts.{fact.kind}"
        with self._spool.transaction():
            boot_id = self._spool.read("boot_id")
            known = self._spool.read(memory, {})
            is_known = fact.is_lasting or known.get("boot_id") == boot_id
            keys = known.get("keys", []) if is_known else []
            if fact.key in keys:
                return
            record: Record = {"kind": fact.kind, "occurred_at": to_text(fact.occurred_at)}
            if fact.user is not None:
                record["user"] = dict(fact.user)
            if fact.binary is not None:
                record["binary"] = dict(fact.binary)
            self._spool.add([{**record, "fields": dict(fact.fields)}], self._clock.now())
            keys = [*keys, fact.key][-KEYS_MAXIMUM:]
            self._spool.write(memory, {"boot_id": boot_id, "keys": keys})

    def _take_part(self, part: Part) -> None:
        with self._spool.transaction():
            now = self._clock.now()
            self._spool.add(self._inventory.records_for(part, now), now)

    def need_full(self, parts: Sequence[str]) -> None:
        """Put inventory parts that the server asked for into the next batch."""
        with self._spool.transaction():
            now = self._clock.now()
            self._spool.add(self._inventory.needed(parts, now), now)

    def _keep(self, records: Sequence[Record]) -> None:
        """Write closed buckets; while the disk is full hold 2 MB, then drop the oldest and count."""
        if any(record["kind"] == "device_performance.events" for record in records):
            self.has_closed_bucket = True
        self._held += records
        if not self._held and not self._lost:
            return
        try:
            with self._spool.transaction():
                self._spool.add(self._held, self._clock.now())
                self._spool.count_lost(self._lost)
            self._held, self._lost = [], Counter()
        except sqlite3.OperationalError:
            sizes = [len(batch.to_json(record)) for record in self._held]
            while sum(sizes) > HELD_BYTES_MAXIMUM:
                self._lost[batch.kind_of(self._held.pop(0))] += 1
                del sizes[0]

    def obey(self) -> None:
        """Purge what the configuration in force forbids; called before anything is kept or sent.

        The spool remembers which switches its rows obey: a purge that failed, or that a stop
        came before, is done at the next call.

        Raises:
            sqlite3.OperationalError: the disk takes nothing; nothing may be kept or sent.
        """
        newer = self._store.current
        values = newer.values()
        lists = {name: sorted(newer.listed(name)) for name in LISTING}
        older, listed = self._spool.read("obeyed"), self._spool.read("obeyed_lists")
        if older == values and listed == lists:
            return
        redaction = Redaction(older, newer, read_host_name(self._root), listed)
        if redaction.switches:
            left = (redaction.record(record) for record in self._buckets.close_all())
            self._held += [record for record in left if record is not None]
            self._held = [r for r in map(redaction.record, self._held) if r is not None]
            self._spool.rewrite(redaction.record, redaction.content)
            self._keep([])
        with self._spool.transaction():
            if older is not None and (wider := newer.wider_than(older)):
                widened_at, now = self._spool.read("widened_at", {}), to_text(self._clock.now())
                # A pause that somebody asked for ends later.
                widened_at |= {name: max(now, widened_at.get(name, now)) for name in wider}
                self._spool.write("widened_at", widened_at)
            self._spool.write("obeyed", values)
            self._spool.write("obeyed_lists", lists)

    def configuration_changed(self) -> None:
        """Read state again, and obey the new configuration.

        Raises:
            sqlite3.OperationalError: see `obey`.
        """
        self._inventory.drop_present()
        self._capabilities.forget()
        for probe in self._probes:
            if not self._may_run(probe):
                self._runner.rest(probe)
            if any(kind.startswith("inventory.") for kind in probe.kinds):
                self._due[probe.name] = self._clock.monotonic()
        self.obey()

    def forget(self) -> None:
        """Drop what is in memory: it belongs to an identity that ended."""
        self._buckets.close_all()
        self._inventory.forget()
        self._held, self._lost = [], Counter()

    def rest(self) -> None:
        """Hear nothing more: nothing may be measured now."""
        for probe in self._probes:
            self._runner.rest(probe)

    def read_last(self) -> None:
        """Take what was heard since the last readings: the process ends, nobody asks again."""
        for probe in self._probes:
            if probe.name in self._runner.listening() and self._may_run(probe):
                self._start(probe)
        for _ in range(LAST_WAITS):
            self._take_answers(self._clock.monotonic())
            if self._runner.is_idle():
                break

    def stop(self) -> None:
        """Close the open buckets into the spool."""
        self._keep(self._buckets.close_all())
