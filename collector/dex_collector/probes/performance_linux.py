"""Performance probe: processors, memory, pressure, drives, graphics, battery."""

import os
from collections.abc import Mapping
from pathlib import Path

from dex_collector.probes.base import (
    Context,
    Counters,
    Lack,
    NoData,
    Output,
    Sample,
    Tally,
    read_number,
    read_text,
)
from dex_collector.probes.disks_linux import SECTOR_BYTES, read_disk_names
from dex_collector.probes.volumes_linux import read_drives, read_volumes

KIND = "device_performance.events"
EVERY_SECONDS = 30
HIGH_CPU_USAGE = 0.8  # of all processors; data-model.md 3.1
HIGH_MEMORY_USAGE, MEDIUM_MEMORY_USAGE = 0.9, 0.8  # share that is not available
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")

Numbers = dict[str, int]
Values = dict[str, float]


class PerformanceReader:
    """Forms gauges and counters; keeps the system's counters of the reading before."""

    def __init__(self) -> None:
        self._counters = Counters()
        self._read_at: float | None = None

    def __call__(self, context: Context) -> list[Output]:
        root = context.root
        stat = read_text(root / "proc/stat")
        if stat is None:
            raise NoData("no /proc/stat")
        processors = parse_processors(stat)
        memory = parse_meminfo(read_text(root / "proc/meminfo") or "")
        battery = read_battery(root)
        grown, seconds = self._grown(read_counters(root, stat), context.monotonic)
        gauges = (
            memory_gauges(memory)
            | read_drive_gauges(root)
            | read_frequency(root)
            | read_graphics(root)
            | {name: value for name, value in battery.items() if name == "battery_level_ratio"}
        )
        uptime = read_text(root / "proc/uptime")
        if uptime is not None:
            gauges["uptime_ms"] = int(float(uptime.split()[0]) * 1000)
        running = parse_running(stat)
        if running is not None and processors:
            gauges["cpu_queue_length"] = float(max(0, running - processors))
        counters: Numbers = {}
        if seconds is not None:
            gauges |= rate_gauges(grown, seconds, processors)
            counters = durations(gauges, memory, battery, seconds)
        fields = {"number_of_logical_processors": processors or None}
        fields["installed_memory_bytes"] = memory.get("MemTotal")
        sample = Sample(
            kind=KIND,
            gauges=gauges,
            counters=counters,
            fields={name: value for name, value in fields.items() if value is not None},
        )
        negative = Tally("negative_differences", self._counters.take_negative())
        return [sample, negative, *read_lacks(root)]

    def _grown(self, present: Numbers, monotonic: float) -> tuple[Numbers, float | None]:
        """Return the differences and their seconds; None at first and after sleep."""
        before, self._read_at = self._read_at, monotonic
        if before is None or not 0 < monotonic - before <= 2 * EVERY_SECONDS:
            self._counters.previous = {}
        grown = self._counters.differences(present)
        return grown, None if before is None or not grown else monotonic - before


def read_lacks(root: Path) -> list[Lack]:
    """Read which gauges have no source here: no file, whatever stands in it at the moment."""
    sources = {
        "cpu_frequency": "sys/devices/system/cpu/cpu0/cpufreq",
        "gpu_usage": "sys/class/drm/card[0-9]/device/gpu_busy_percent",
        "pressure": "proc/pressure",
    }
    return [
        Lack(f"{name}.unsupported") for name, path in sources.items() if not any(root.glob(path))
    ]


def read_counters(root: Path, stat: str) -> Numbers:
    """Read all numbers of the system that only grow, under names of our own."""
    numbers = parse_cpu_times(stat)
    for source in ("cpu", "memory", "io"):
        total = parse_pressure(read_text(root / "proc/pressure" / source) or "")
        if total is not None:
            numbers[f"psi.{source}"] = total
    numbers |= parse_vmstat(read_text(root / "proc/vmstat") or "")
    try:
        names = read_disk_names(root)
    except NoData:
        names = []
    return numbers | parse_diskstats(read_text(root / "proc/diskstats") or "", names)


def parse_processors(stat: str) -> int:
    """Return the number of logical processors in /proc/stat. Source: proc_stat(5)."""
    return sum(1 for line in stat.splitlines() if line[:3] == "cpu" and line[3:4].isdigit())


def parse_running(stat: str) -> int | None:
    """Return the number of runnable threads. Source: proc_stat(5), procs_running."""
    for line in stat.splitlines():
        if line.startswith("procs_running "):
            return int(line.split()[1])
    return None


def parse_cpu_times(stat: str) -> Numbers:
    """Return idle and total time of all processors in ticks.

    Source: proc_stat(5): user nice system idle iowait irq softirq steal guest guest_nice; guest
    time is part of user time already.
    """
    first = stat.partition("\n")[0].split()
    if first[:1] != ["cpu"] or len(first) < 5:
        return {}
    ticks = [int(text) for text in first[1:9]]
    return {"cpu.idle": sum(ticks[3:5]), "cpu.total": sum(ticks)}


def parse_meminfo(text: str) -> Numbers:
    """Return the sizes of /proc/meminfo in bytes. Source: proc_meminfo(5), KiB."""
    sizes = {}
    for line in text.splitlines():
        words = line.replace(":", " ").split()
        if len(words) == 3 and words[2] == "kB":
            sizes[words[0]] = int(words[1]) * 1024
    return sizes


def parse_pressure(text: str) -> int | None:
    """Return the microseconds in which some task waited.

    Source: Linux, accounting/psi: `some avg10=... avg60=... avg300=... total=<microseconds>`.
    """
    for line in text.splitlines():
        if line.startswith("some "):
            return int(line.rpartition("total=")[2])
    return None


def parse_vmstat(text: str) -> Numbers:
    """Return pages swapped in and out since boot. Source: proc_vmstat(5)."""
    pairs = (line.split() for line in text.splitlines())
    return {f"swap.{pair[0]}": int(pair[1]) for pair in pairs if pair[0] in {"pswpin", "pswpout"}}


def parse_diskstats(text: str, names: list[str]) -> Numbers:
    """Return the sums over the named drives.

    Source: Linux, admin-guide/iostats: after major, minor and name come reads, merged, sectors,
    ms; the same of writes; in progress, ms of I/O, weighted ms.
    """
    columns = {"reads": 3, "read_sectors": 5, "read_ms": 6, "writes": 7, "written_sectors": 9}
    columns |= {"write_ms": 10, "weighted_ms": 13}
    rows = [line.split() for line in text.splitlines()]
    kept = [row for row in rows if len(row) >= 14 and row[2] in names]
    return {
        f"disk.{name}": sum(int(row[column]) for row in kept)
        for name, column in columns.items()
        if kept
    }


def memory_gauges(memory: Numbers) -> Values:
    """Return used, free and committed memory. Free is what is available without swapping."""
    gauges: Values = {}
    if "MemTotal" in memory and "MemAvailable" in memory:
        gauges["used_memory_bytes"] = memory["MemTotal"] - memory["MemAvailable"]
        gauges["free_memory_bytes"] = memory["MemAvailable"]
    if memory.get("CommitLimit") and "Committed_AS" in memory:
        gauges["memory_pressure_ratio"] = memory["Committed_AS"] / memory["CommitLimit"]
    return gauges


def read_drive_gauges(root: Path) -> Values:
    """Read how full the system drive is, and all other fixed drives together."""
    try:
        volumes = [volume for volume in read_volumes(root) if not volume.is_removable]
    except NoData:
        return {}
    gauges: Values = {}
    system = frozenset().union(*(read_drives(root, v.mount.source) for v in volumes if v.is_system))
    for prefix, is_system in (("system_drive", True), ("non_system_drive", False)):
        chosen = [volume for volume in volumes if volume.is_system == is_system]
        if not is_system:  # nor any other partition of the system's drive
            chosen = [v for v in chosen if not system & read_drives(root, v.mount.source)]
        if chosen:
            gauges[f"{prefix}_capacity_bytes"] = sum(volume.size_bytes for volume in chosen)
            gauges[f"{prefix}_free_space_bytes"] = sum(volume.free_bytes for volume in chosen)
            gauges[f"{prefix}_usage_bytes"] = sum(volume.used_bytes for volume in chosen)
    return gauges


def read_frequency(root: Path) -> Values:
    """Read current clock over nominal clock, mean of the processors.

    Source: Linux, admin-guide/pm/cpufreq; `base_frequency` is the driver intel_pstate's.
    """
    ratios = []
    for folder in (root / "sys/devices/system/cpu").glob("cpu[0-9]*/cpufreq"):
        present = read_number(folder / "scaling_cur_freq")
        nominal = read_number(folder / "base_frequency") or read_number(folder / "cpuinfo_max_freq")
        if present and nominal:
            ratios.append(present / nominal)
    return {"cpu_frequency_ratio": sum(ratios) / len(ratios)} if ratios else {}


def read_graphics(root: Path) -> Values:
    """Read the busiest graphics processor. Source: Linux, gpu/amdgpu/thermal and driver-misc."""
    folders = [card / "device" for card in (root / "sys/class/drm").glob("card[0-9]")]
    busy = [n for n in (read_number(f / "gpu_busy_percent") for f in folders) if n is not None]
    used = [n for n in (read_number(f / "mem_info_vram_used") for f in folders) if n is not None]
    gauges: Values = {}
    if busy:
        gauges["gpu_usage_ratio"] = max(busy) / 100
    if used:
        gauges["gpu_used_memory_bytes"] = sum(used)
    return gauges


def read_battery(root: Path) -> Values:
    """Read the level of the first battery of the machine, and 1.0 if any discharges.

    Source: Linux, ABI/testing/sysfs-class-power. A battery of scope Device is a mouse's. Of two
    batteries one is used up before the other.
    """
    levels: list[int] = []
    is_discharging = False
    for folder in sorted((root / "sys/class/power_supply").glob("*")):
        if read_text(folder / "type") != "Battery" or read_text(folder / "scope") == "Device":
            continue
        level = read_number(folder / "capacity")
        if level is not None:
            levels.append(level)
            is_discharging |= read_text(folder / "status") == "Discharging"
    if not levels:
        return {}
    return {"battery_level_ratio": levels[0] / 100, "is_discharging": float(is_discharging)}


def rate_gauges(grown: Numbers, seconds: float, processors: int) -> Values:
    """Return what the growth of the counters in `seconds` means."""
    gauges: Values = {}
    if grown.get("cpu.total") and "cpu.idle" in grown:
        usage = min(1.0, max(0.0, 1 - grown["cpu.idle"] / grown["cpu.total"]))
        gauges["normalized_cpu_usage_ratio"] = usage
        gauges["cpu_usage_ratio"] = usage * processors
    names = {"cpu": "cpu", "memory": "memory", "io": "disk"}
    for source, name in names.items():
        if f"psi.{source}" in grown:
            share = grown[f"psi.{source}"] / (seconds * 1_000_000)
            gauges[f"{name}_some_pressure_ratio"] = min(1.0, share)
    if "swap.pswpin" in grown and "swap.pswpout" in grown:
        pages = grown["swap.pswpin"] + grown["swap.pswpout"]
        gauges["memory_swap_rate_bytes_per_s"] = pages * PAGE_BYTES / seconds
    return gauges | disk_gauges(grown, seconds)


def disk_gauges(grown: Numbers, seconds: float) -> Values:
    """Return rates of the drives; a latency only where something was read or written."""
    gauges: Values = {}
    for verb, past in (("read", "read"), ("write", "written")):
        operations = grown.get(f"disk.{verb}s")
        sectors = grown.get(f"disk.{past}_sectors")
        if operations is None or sectors is None:
            continue
        gauges[f"disk_{verb}_operations_per_s"] = operations / seconds
        gauges[f"disk_{verb}_throughput_bytes_per_s"] = sectors * SECTOR_BYTES / seconds
        if operations and f"disk.{verb}_ms" in grown:
            gauges[f"disk_{verb}_latency_ms"] = grown[f"disk.{verb}_ms"] / operations
    if "disk.weighted_ms" in grown:
        gauges["disk_queue_length"] = grown["disk.weighted_ms"] / (seconds * 1000)
    return gauges


def durations(
    gauges: Values, memory: Numbers, battery: Mapping[str, float], seconds: float
) -> Numbers:
    """Return the time since the last reading that counts as high usage, pressure, on battery."""
    whole = round(seconds * 1000)
    counters: Numbers = {}
    if "normalized_cpu_usage_ratio" in gauges:
        is_high = gauges["normalized_cpu_usage_ratio"] >= HIGH_CPU_USAGE
        counters["cpu_duration_with_high_usage_ms"] = whole if is_high else 0
    if "used_memory_bytes" in gauges:
        share = gauges["used_memory_bytes"] / memory["MemTotal"]
        is_high, is_medium = share >= HIGH_MEMORY_USAGE, share >= MEDIUM_MEMORY_USAGE
        counters["duration_with_high_memory_pressure_ms"] = whole if is_high else 0
        counters["duration_with_medium_memory_pressure_ms"] = whole * (is_medium and not is_high)
    if battery:
        counters["battery_duration_on_battery_ms"] = whole if battery["is_discharging"] else 0
    return counters
