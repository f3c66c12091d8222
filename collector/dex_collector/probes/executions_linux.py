"""Executions probe: which programs run, for whom, what they use, and which crash.

Starts and crashes come from the kernel's process connector, where the machine lets it; else starts
are counted by comparing two passes, which does not see what ran in between.

/proc is read here, not by psutil: its `Process.name()` opens the command line of a process whose
name has 15 characters, and command lines are never read.
"""

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from dex_collector.buckets import Row
from dex_collector.probes.base import Context, Lack, NoData, Output, Sample, Tally, read_text
from dex_collector.probes.crashes_linux import make_facts
from dex_collector.probes.hearing_linux import Hearing
from dex_collector.probes.operating_system_linux import read_architecture
from dex_collector.probes.process_listener_linux import Heard
from dex_collector.probes.programs_linux import Program, parse_comm, read_program

KIND = "execution.events"
EVERY_SECONDS = 60
GAP_SECONDS = 4 * EVERY_SECONDS  # two intervals, which the watchdog may have doubled
SMALL_CPU_MS = 50  # below it, in a bucket, a binary is counted in the pseudo-binary `other`
HIGH_CPU_USAGE = 0.8  # of one processor
OTHER = {"name": "other"}
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
KERNEL_THREAD = 0x00200000  # Linux, include/linux/sched.h: PF_KTHREAD
ENDED = {"Z", "X"}  # proc_pid_stat(5), state: zombie, dead
# Nothing here asks windows.
LACKS = ("freezes.unsupported", "focus_time.unsupported", "visibility.unsupported")

Key = tuple[int, int]  # pid and start time in ticks: a pid is used again, the pair is not


@dataclass(frozen=True, slots=True)
class Stat:
    """What /proc/PID/stat says."""

    comm: str
    state: str
    flags: int
    page_faults: int
    cpu_ticks: int
    start_ticks: int


@dataclass(slots=True)
class Process:
    """A process that was seen: who and what was read once, the rest at each pass."""

    uid: int
    program: Program
    stat: Stat
    memory_bytes: int = 0
    real_memory_bytes: int = 0
    traffic: dict[str, int] = field(default_factory=dict)  # bytes read and written

    @property
    def binary(self) -> str:
        """Return the name by which its program is told."""
        return self.program.name


class ExecutionReader:
    """Compares each pass over the processes with the one before, and adds what was heard."""

    def __init__(self, hearing: Hearing | None = None) -> None:
        self._hearing = hearing or Hearing()
        self._known: dict[Key, Process] = {}
        self._read_at: float | None = None
        self._platform: dict[str, str] | None = None

    def __call__(self, context: Context) -> list[Output]:
        before, self._read_at = self._read_at, context.monotonic
        if before is None or not 0 < context.monotonic - before <= GAP_SECONDS:
            before = None  # the first pass, or the first after sleep or a switch: no differences
        with_paths = context.configuration.value("binary_paths") == "full"
        told = self._hearing.begin(context, with_paths=with_paths)
        known, self._known = self._known, read_processes(context.root, self._known, with_paths)
        heard = self._hearing.take({k[0]: (p.program, p.uid) for k, p in self._known.items()})
        usages = Usages(context)
        for key, process in self._known.items():
            usage = usages.of(process.uid, process.binary)
            usage.add_present(process)
            if before is not None:
                usage.add_growth(known.get(key), process, context.monotonic - before)
                if key not in known and not heard.is_complete and key[0] not in heard.pids:
                    usage.add_starts(1)
        if before is not None:
            usages.add_heard(heard)
        samples = [self._sample(context, usage) for usage in usages]
        negative = Tally("negative_differences", sum(u.negative for u in usages))
        overflows = Tally("process_events_lost", heard.overflows)
        crashes = make_facts(heard.crashes, context, self._binary(context))
        return [*samples, *crashes, *told, negative, overflows, *map(Lack, LACKS)]

    def rest(self) -> None:
        """Stop hearing: what is switched off is not looked at between two passes either."""
        self._hearing.rest()
        self._known, self._read_at = {}, None

    def _sample(self, context: Context, usage: "Usage") -> Sample:
        return Sample(
            kind=KIND,
            gauges=usage.gauges,
            counters=usage.counters,
            user=usage.user,
            binary={"name": usage.binary, **self._binary(context)},
        )

    def _binary(self, context: Context) -> dict[str, str]:
        """Return what is the same of all programs of this machine."""
        if self._platform is None:
            self._platform = read_platform(context.root)
        return self._platform


def read_platform(root: Path) -> dict[str, str]:
    """Read what a machine's programs are made for."""
    architecture = read_architecture(root)
    found = {} if architecture is None else {"architecture": architecture}
    return {"platform": "linux", **found}


class Usages:
    """What each binary and user used in one pass."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._usages: dict[tuple[str, str], Usage] = {}

    def __iter__(self) -> Iterator["Usage"]:
        return iter(self._usages.values())

    def of(self, uid: int | None, binary: str) -> "Usage":
        """Return the usage to which a process adds."""
        user = None if uid is None else self._context.naming.of_uid(uid)
        # By what is shown: two accounts without a name are one row, whose sizes add up.
        shown = (user["name"] if user else "", binary)
        return self._usages.setdefault(shown, Usage(user, binary))

    def add_heard(self, heard: Heard) -> None:
        """Add the starts that were heard, also of what has ended since."""
        for (uid, binary), number in heard.starts.items():
            self.of(uid, binary).add_starts(number)


class Usage:
    """All processes of one binary and user, in one pass."""

    def __init__(self, user: dict[str, str] | None, binary: str) -> None:
        self.user, self.binary = user, binary
        self.gauges: dict[str, float] = {}  # none where no process is left
        self.counters: dict[str, int] = {}
        self.negative = 0

    def add_present(self, process: Process) -> None:
        """Add what a process holds now."""
        sizes = {"memory": process.memory_bytes, "real_memory": process.real_memory_bytes}
        for name, size in sizes.items():
            self.gauges[f"{name}_bytes"] = self.gauges.get(f"{name}_bytes", 0) + size

    def add_starts(self, number: int) -> None:
        """Add processes that began to run it."""
        self._count("number_of_executions", number)

    def add_growth(self, old: Process | None, new: Process, seconds: float) -> None:
        """Add what a process used since the pass before, `seconds` ago; `old` None: it is new."""
        whole = round(seconds * 1000)
        cpu_ticks = self._grown(old.stat.cpu_ticks if old else 0, new.stat.cpu_ticks)
        cpu_ms = round(cpu_ticks * 1000 / TICKS_PER_SECOND)
        is_busy = cpu_ms >= HIGH_CPU_USAGE * whole
        # A pass cannot see when a new process began since the last one: half of the time, the mean.
        ran = whole if old else whole // 2
        self._count("number_of_executions", 0)  # a zero is a value: it ran on
        self._count("cpu_time_ms", cpu_ms)
        self._longest("cpu_duration_with_high_usage_ms", whole if is_busy else 0)
        self._longest("execution_duration_ms", ran)
        faults = self._grown(old.stat.page_faults if old else 0, new.stat.page_faults)
        self._count("number_of_page_faults", faults)
        for name in ("read", "written"):
            amount = new.traffic.get(name)
            if amount is not None:
                before = old.traffic.get(name, amount) if old else 0
                self._count(f"disk_{name}_bytes", self._grown(before, amount))

    def _longest(self, name: str, amount: int) -> None:
        self.counters[name] = max(amount, self.counters.get(name, 0))

    def _count(self, name: str, amount: int) -> None:
        self.counters[name] = self.counters.get(name, 0) + amount

    def _grown(self, old: int, new: int) -> int:
        if new < old:
            self.negative += 1
        return max(0, new - old)


def read_processes(
    root: Path, known: Mapping[Key, Process], with_paths: bool = False
) -> dict[Key, Process]:
    """Read all processes but the kernel's own; name and user only of those not yet known.

    Cost: three small files a process, and two more for a new one.
    """
    folder = root / "proc"
    try:
        pids = [int(name) for name in os.listdir(folder) if name.isdigit()]
    except OSError as error:
        raise NoData("no /proc") from error
    processes = {}
    for pid in pids:
        text = read_text(folder / str(pid) / "stat")
        stat = None if text is None else parse_stat(text)
        if stat is None or stat.flags & KERNEL_THREAD or stat.state in ENDED:
            continue  # gone meanwhile, or no program
        key = (pid, stat.start_ticks)
        process = _read_process(folder / str(pid), stat, known.get(key), with_paths)
        if process is not None:
            processes[key] = process
    return processes


def _read_process(
    folder: Path, stat: Stat, known: Process | None, with_path: bool
) -> Process | None:
    uid = known.uid if known else parse_uid(read_text(folder / "status") or "")
    if uid is None:
        return None
    if known and known.stat.comm == stat.comm:
        program = known.program
    else:
        program = read_program(folder, stat.comm, with_path=with_path)
    process = Process(uid=uid, program=program, stat=stat)
    sizes = parse_statm(read_text(folder / "statm") or "")
    process.memory_bytes, process.real_memory_bytes = sizes
    process.traffic = parse_io(read_text(folder / "io") or "")
    return process


def parse_stat(text: str) -> Stat | None:
    """Return what matters of /proc/PID/stat, or None if it is cut off.

    Source: proc_pid_stat(5): the name stands in parentheses and may hold any character; after it
    fields 3 and on: state is 3, flags 9, minflt 10, majflt 12, utime 14, stime 15, starttime 22.
    """
    fields = text[text.rfind(")") + 1 :].split()
    if "(" not in text or len(fields) < 20:
        return None
    return Stat(
        comm=parse_comm(text),
        state=fields[0],
        flags=int(fields[6]),
        page_faults=int(fields[7]) + int(fields[9]),
        cpu_ticks=int(fields[11]) + int(fields[12]),
        start_ticks=int(fields[19]),
    )


def parse_uid(status: str) -> int | None:
    """Return the real user id. Source: proc_pid_status(5): `Uid: real effective saved fs`."""
    for line in status.splitlines():
        if line.startswith("Uid:"):
            return int(line.split()[1])
    return None


def parse_statm(text: str) -> tuple[int, int]:
    """Return private and resident memory in bytes.

    Source: proc_pid_statm(5): size, resident, shared, ... in pages.
    """
    fields = text.split()
    if len(fields) < 3:
        return 0, 0
    resident, shared = int(fields[1]), int(fields[2])
    return max(0, resident - shared) * PAGE_BYTES, resident * PAGE_BYTES


def parse_io(text: str) -> dict[str, int]:
    """Return bytes read from and written to drives; empty without the right to know.

    Source: proc_pid_io(5): read_bytes, write_bytes.
    """
    values = dict(line.partition(": ")[::2] for line in text.splitlines())
    names = {"read": "read_bytes", "written": "write_bytes"}
    return {name: int(values[source]) for name, source in names.items() if source in values}


def fold_small(rows: Iterable[Row]) -> list[Row]:
    """Merge binaries under 50 ms CPU in the bucket into one row `other` per user."""
    kept: list[Row] = []
    others: dict[str, Row] = {}
    for row in rows:
        if row.counters.get("cpu_time_ms", 0) >= SMALL_CPU_MS:
            kept.append(row)
            continue
        name = row.user["name"] if row.user else ""
        other = others.setdefault(name, Row(user=row.user, binary=OTHER))
        longest = max(r.counters.get("execution_duration_ms", 0) for r in (row, other))
        other.merge(row)
        if "execution_duration_ms" in other.counters:
            other.counters["execution_duration_ms"] = longest  # at least one of them ran
    return [*kept, *others.values()]
