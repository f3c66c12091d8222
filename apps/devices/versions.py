"""Versions: text for people, a list of numbers to compare by."""

import re

_PART = re.compile(r"\d+")
PARTS_LIMIT = 16
PART_MAX = 2**63 - 1


def version_key(version: str) -> list[int] | None:
    """Return the numbers of a version, part by part; None where it has none.

    Trailing letters do not count: "24.2-rc1" is [24, 2, 1].
    """
    parts = [min(int(part[:19]), PART_MAX) for part in _PART.findall(version)[:PARTS_LIMIT]]
    return parts or None
