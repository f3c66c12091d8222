"""The processors of the machine, for the part `hardware`."""

import re
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from dex_collector.probes.base import NoData, read_number, read_text

Block = dict[str, str]
# What sysfs knows where /proc/cpuinfo says nothing, as on ARM.
TOPOLOGY = {"physical id": "physical_package_id", "core id": "core_id"}


def read_cpus(root: Path) -> list[dict[str, Any]]:
    """Read the processors, one item for each package.

    Raises:
        NoData: the machine does not tell.
    """
    blocks = parse_cpuinfo(read_text(root / "proc/cpuinfo") or "")
    if not blocks:
        raise NoData("no processors in /proc/cpuinfo")
    folder = root / "sys/devices/system/cpu"
    for block in blocks:
        for name, file in TOPOLOGY.items():
            if name not in block:
                number = read_number(folder / f"cpu{block['processor']}/topology/{file}")
                block |= {} if number is None else {name: str(number)}
    return make_cpus(blocks, read_nominal_mhz(folder))


def parse_cpuinfo(text: str) -> list[Block]:
    """Return the logical processors: a block of names and values for each.

    Source: proc_cpuinfo(5); blocks without `processor` describe the board of ARM.
    """
    blocks: list[Block] = []
    for lines in text.split("\n\n"):
        pairs = (line.partition(":") for line in lines.splitlines())
        block = {name.strip(): value.strip() for name, colon, value in pairs if colon}
        if block.get("processor", "").isdigit():
            blocks.append(block)
    return blocks


def make_cpus(blocks: Sequence[Block], nominal_mhz: int | None) -> list[dict[str, Any]]:
    """Return one item for each package of logical processors."""
    packages: defaultdict[str, list[Block]] = defaultdict(list)
    for block in blocks:
        packages[block.get("physical id", "")].append(block)
    return [_item(members, nominal_mhz) for members in packages.values()]


def _item(members: Sequence[Block], nominal_mhz: int | None) -> dict[str, Any]:
    name = members[0].get("model name")
    # With hybrid processors a core has one or two threads, so only counting tells.
    cores = {block["core id"] for block in members if "core id" in block}
    item = {
        "name": name,
        "frequency_mhz": nominal_mhz or parse_mhz(name or ""),
        "number_of_cores": len(cores) or None,
        "number_of_logical_processors": len(members),
    }
    return {key: value for key, value in item.items() if value is not None}


def read_nominal_mhz(folder: Path) -> int | None:
    """Read the clock that the maker names; that of the moment, `cpu MHz`, is none.

    Source: Linux, admin-guide/pm/intel_pstate: base_frequency, in kHz.
    """
    frequency = read_number(folder / "cpu0/cpufreq/base_frequency")
    return round(frequency / 1000) if frequency else None


def parse_mhz(name: str) -> int | None:
    """Return the clock in the name of a processor of Intel: `... @ 2.60GHz`."""
    found = re.search(r"@ ([0-9.]+) ?GHz", name)
    return round(float(found[1]) * 1000) if found else None
