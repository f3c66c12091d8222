"""The console has words for all that a collector may say that it cannot measure."""

import re
from pathlib import Path

import dex_collector
from apps.collectors.capabilities import EXTENTS, LABELS, described
from dex_collector.probes.hardware_linux import LISTS
from dex_collector.probes.registry import PROBES

WORD = re.compile(r'"(\w+)\.(unsupported|polled)"')
GAUGE = re.compile(r'^        "(\w+)": "(?:sys|proc)/', re.MULTILINE)


def sources() -> str:
    """Return the text of every probe."""
    folder = Path(dex_collector.__file__).parent / "probes"
    return "\n".join(path.read_text() for path in sorted(folder.glob("*.py")))


def test_every_word_of_a_probe_has_words_for_people() -> None:
    said = WORD.findall(sources())
    gauges = GAUGE.findall(sources())
    names = {name for name, _ in said} | set(gauges) | {probe.name for probe in PROBES} | {*LISTS}

    assert {"boot_duration", "pressure", "monitors", "batteries"} <= names
    assert names - LABELS.keys() == set()
    assert {extent for _, extent in said} <= EXTENTS.keys()


def test_word_of_a_later_collector_is_told_as_it_is() -> None:
    assert described(["warp_drive.half_built", "upn.unsupported"]) == [
        ["principal names", "not at all"],
        ["warp drive", "half built"],
    ]
