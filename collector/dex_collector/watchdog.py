"""The watchdog: what the collector itself costs, and what it leaves out when that is too much."""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from dex_collector.clock import Clock
from dex_collector.probes.base import Probe
from dex_collector.reports import Cost, read_cost

CHECK_SECONDS = 60.0
MINUTES_5, HOUR = 300.0, 3600.0  # seconds
CPU_OF_HOUR, CPU_OF_5_MINUTES = 0.0015, 0.005  # of one core
MEMORY_BYTES_MAXIMUM = 60_000_000  # resident
CHECKS_OVER_MEMORY = 2  # in a row, then the process ends for its supervisor
TRAFFIC_BYTES_OF_HOUR = 5_000 / 8 * HOUR  # 5 kbit/s, up and down
SHED_EVERY_SECONDS, RECOVER_EVERY_SECONDS = 300.0, 900.0
RECOVERY_SHARE = 0.5  # of a budget: below it one step is taken back
SLOWED, SENDING_FACTOR_MAXIMUM = 2, 8  # times the interval
RUNS_REMEMBERED = 10  # of each probe, for what a run costs

Tell = Callable[[str, str], None]


@dataclass(frozen=True, slots=True)
class Reading:
    """What this process had used at a moment, monotonic seconds."""

    at: float
    cpu_seconds: float
    traffic_bytes: int


class Watchdog:
    """Sheds and recovers step by step; each step is told, so that a gap has a reason.

    What tells of sessions, and the sending, always stay.
    """

    def __init__(
        self,
        probes: Sequence[Probe],
        clock: Clock,
        tell: Tell,
        read_cost: Callable[[], Cost] = read_cost,
    ) -> None:
        self._clock, self._tell, self._read_cost = clock, tell, read_cost
        self._sheddable = {probe.name: probe for probe in probes if not is_kept(probe)}
        self._runs: dict[str, deque[float]] = {}
        self._dropped: list[str] = []  # the last one comes back first
        self._is_slowed = False
        self._untold: list[tuple[str, str]] = []  # until the disk takes them
        self._checks_over_memory = 0
        self.sending_factor = 1
        monotonic = clock.monotonic()
        cost = read_cost()
        self._readings = deque([Reading(monotonic, cost.cpu_seconds, 0)])
        self._next_check = monotonic + CHECK_SECONDS
        self._changed_at = self._sending_changed_at = monotonic

    # What measurement and sending ask.

    @property
    def must_restart(self) -> bool:
        """Return whether the process has to end, for a new one that holds less memory."""
        return self._checks_over_memory >= CHECKS_OVER_MEMORY

    def is_dropped(self, probe: str) -> bool:
        """Return whether a probe is not run for now."""
        return probe in self._dropped

    def interval(self, probe: Probe) -> float:
        """Return the seconds between two runs of a probe."""
        is_slowed = self._is_slowed and probe.name in self._sheddable
        return probe.every_seconds * (SLOWED if is_slowed else 1)

    def note_run(self, probe: str, cpu_seconds: float) -> None:
        """Remember what one run of a probe cost."""
        self._runs.setdefault(probe, deque(maxlen=RUNS_REMEMBERED)).append(cpu_seconds)

    # Checks.

    def step(self, traffic_bytes: int) -> None:
        """Look at the cost once a minute. traffic_bytes: sent and received since the start.

        Raises:
            sqlite3.OperationalError: the disk takes nothing; what was decided is told later.
        """
        monotonic = self._clock.monotonic()
        if monotonic >= self._next_check:
            self._next_check = monotonic + CHECK_SECONDS
            cost = self._read_cost()
            self._readings.append(Reading(monotonic, cost.cpu_seconds, traffic_bytes))
            while len(self._readings) > 1 and self._readings[1].at <= monotonic - HOUR:
                self._readings.popleft()
            self._check_memory(cost.memory_bytes)
            self._check_cpu(monotonic)
            self._check_traffic(monotonic)
        while self._untold:
            self._tell(*self._untold[0])
            del self._untold[0]

    def _since(self, seconds: float) -> Reading:
        """Return the reading with which a window begins; the first one where it is younger."""
        begin = self._readings[-1].at - seconds
        older = [reading for reading in self._readings if reading.at <= begin]
        return older[-1] if older else self._readings[0]

    def _cpu(self, seconds: float) -> float:
        """Return the mean share of a core over a window, which may reach to before the start."""
        return (self._readings[-1].cpu_seconds - self._since(seconds).cpu_seconds) / seconds

    def _check_memory(self, memory_bytes: int) -> None:
        is_over = memory_bytes > MEMORY_BYTES_MAXIMUM
        self._checks_over_memory = self._checks_over_memory + 1 if is_over else 0
        if self.must_restart:
            self._note("health", f"{memory_bytes} bytes of memory, twice: starting again")

    def _check_cpu(self, monotonic: float) -> None:
        recent, hour = self._cpu(MINUTES_5), self._cpu(HOUR)
        # What made the hour dear may be over: then its mean falls by itself.
        is_over = recent > CPU_OF_5_MINUTES or min(recent, hour) > CPU_OF_HOUR
        passed = monotonic - self._changed_at
        if is_over and passed >= SHED_EVERY_SECONDS:
            self._shed(max(recent, hour), monotonic)
        elif passed >= RECOVER_EVERY_SECONDS and (
            self._cpu(RECOVER_EVERY_SECONDS) < CPU_OF_HOUR * RECOVERY_SHARE
        ):
            self._recover(monotonic)

    def _shed(self, share: float, monotonic: float) -> None:
        dearest = self._dearest()
        if dearest is None:
            return
        self._changed_at = monotonic
        cost = f"{self._cost_of_run(dearest.name) * 1000:.0f} ms each {self.interval(dearest):g} s"
        total = f"the collector {share:.2%} of a core"
        if not self._is_slowed:
            self._is_slowed = True
            now = f"now each {self.interval(dearest):g} s, all others half as often too"
            self._note("probe_slowed", f"{dearest.name}: {cost}, {now}; {total}")
        else:
            self._dropped.append(dearest.name)
            self._note("probe_disabled", f"{dearest.name}: {cost}, not read for now; {total}")

    def _recover(self, monotonic: float) -> None:
        if self._dropped:
            probe = self._sheddable[self._dropped.pop()]
            text = f"{probe.name}: read again, each {self.interval(probe):g} s"
        elif self._is_slowed:
            self._is_slowed = False
            text = "all probes: read as often as before"
        else:
            return
        self._changed_at = monotonic
        self._note("probe_restored", text)

    def _dearest(self) -> Probe | None:
        """Return the probe that costs most for the time, of those that may be left out."""
        running = [
            probe
            for name, probe in self._sheddable.items()
            if name not in self._dropped and self._runs.get(name)
        ]
        return max(running, key=lambda p: self._cost_of_run(p.name) / p.every_seconds, default=None)

    def _cost_of_run(self, probe: str) -> float:
        runs = self._runs[probe]
        return sum(runs) / len(runs)

    def _check_traffic(self, monotonic: float) -> None:
        spent = self._readings[-1].traffic_bytes - self._since(HOUR).traffic_bytes
        factor = self.sending_factor
        if monotonic - self._sending_changed_at < RECOVER_EVERY_SECONDS:
            return
        if spent > TRAFFIC_BYTES_OF_HOUR and factor < SENDING_FACTOR_MAXIMUM:
            self.sending_factor, type_ = factor * 2, "probe_slowed"
        elif spent < TRAFFIC_BYTES_OF_HOUR * RECOVERY_SHARE and factor > 1:
            self.sending_factor, type_ = factor // 2, "probe_restored"
        else:
            return
        self._sending_changed_at = monotonic
        kbits = spent * 8 / HOUR / 1000
        text = f"sending: {kbits:.1f} kbit/s, now {self.sending_factor} times the usual interval"
        self._note(type_, text)

    def _note(self, type_: str, details: str) -> None:
        self._untold.append((type_, details))


def is_kept(probe: Probe) -> bool:
    """Return whether a probe is never slowed nor dropped: nobody else can tell of a session."""
    return any(kind.startswith("session.") for kind in probe.kinds)
