"""Crashes of programs: processes that a signal ended become facts."""

import signal
from collections.abc import Iterable, Mapping
from datetime import timedelta

from dex_collector.clock import to_text
from dex_collector.probes.base import Context, Fact
from dex_collector.probes.process_listener_linux import Crash

KIND = "execution.crashes"
MERGED_SECONDS = 60.0


def make_facts(
    crashes: Iterable[Crash], context: Context, platform: Mapping[str, str]
) -> list[Fact]:
    """Return a fact for each minute in which a binary of a user crashed.

    The minute begins with the first crash; a pass of the probe ends it.
    """
    groups = enumerate(grouped(crashes))
    return [_make_fact(number, group, context, platform) for number, group in groups]


def grouped(crashes: Iterable[Crash]) -> list[list[Crash]]:
    """Return the crashes of one binary and user within a minute together, in order of time."""
    groups: list[list[Crash]] = []
    latest: dict[tuple[int | None, str], list[Crash]] = {}
    for crash in sorted(crashes, key=lambda one: one.at):
        whose = (crash.uid, crash.program.name)
        group = latest.get(whose)
        if group is None or crash.at - group[0].at > MERGED_SECONDS:
            group = latest[whose] = []
            groups.append(group)
        group.append(crash)
    return groups


def _make_fact(
    number: int, group: list[Crash], context: Context, platform: Mapping[str, str]
) -> Fact:
    first = group[0]
    at = context.now - timedelta(seconds=max(0.0, context.monotonic - first.at))
    on_start = {crash.is_on_start for crash in group}
    may_tell_path = context.configuration.value("binary_paths") == "full"  # now, not when it ran
    fields = {
        "number_of_crashes": len(group),
        "crash_on_start": True if True in on_start else first.is_on_start,
        "binary_path": first.program.path if may_tell_path else None,
        "binary_path_root": first.program.root,
        "error_code": name_of(first.signal),
        "kind": "crash",
    }
    return Fact(
        kind=KIND,
        occurred_at=at,
        key=f"{to_text(at)} {number}",
        fields={name: value for name, value in fields.items() if value is not None},
        user=None if first.uid is None else context.naming.of_uid(first.uid),
        binary={"name": first.program.name, **platform},
    )


def name_of(number: int) -> str:
    """Return the name of a signal, such as SIGSEGV."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
