"""What a probe returned, taken apart."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from dex_collector.inventory import Part
from dex_collector.probes.base import Fact, Lack, Output, Sample


def fields(outputs: Sequence[Output]) -> dict[str, Any]:
    (part,) = (one for one in outputs if isinstance(one, Part))
    assert part.fields is not None
    return part.fields


def items(outputs: Sequence[Output]) -> list[dict[str, Any]]:
    (part,) = (one for one in outputs if isinstance(one, Part))
    assert part.items is not None
    return list(part.items)


def lacks(outputs: Sequence[Output]) -> set[str]:
    return {one.word for one in outputs if isinstance(one, Lack)}


def replace(machine: Path, path: str, old: str, new: str) -> None:
    """Change one value of a machine."""
    text = (machine / path).read_text()
    assert old in text
    (machine / path).write_text(text.replace(old, new))


def facts(outputs: Iterable[Output], kind: str) -> list[Fact]:
    return [one for one in outputs if isinstance(one, Fact) and one.kind == kind]


def starts(outputs: Iterable[Output]) -> dict[str, int]:
    return {
        (one.binary or {})["name"]: one.counters.get("number_of_executions", 0)
        for one in outputs
        if isinstance(one, Sample)
    }
