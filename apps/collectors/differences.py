"""What a new configuration changes: which values let in more, which less (privacy.md 2)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from apps.collectors import details, switches

Settings = Mapping[str, Any]  # every switch and every detail, by name


@dataclass(frozen=True, slots=True)
class Difference:
    """One setting that changes. A list may do both: lose one name and gain another."""

    name: str
    old: Any
    new: Any
    is_wider: bool
    is_narrower: bool


def between(before: Settings, after: Settings) -> Iterator[Difference]:
    """Yield what differs between two full sets of settings, switches first.

    Only those of the whole instance have switches that collect nothing.
    """
    for switch in switches.SWITCHES:
        if not switch.is_collected and switch.name not in before:
            continue
        old, new = before[switch.name], after[switch.name]
        if old != new:
            is_narrower = switch.is_stricter(new, than=old)
            yield Difference(switch.name, old, new, not is_narrower, is_narrower)
    for detail in details.DETAILS:
        old, new = before[detail.name], after[detail.name]
        if old != new:
            # A list that nobody asks lets nothing in: what turns it on is judged by its switch.
            counts = detail.counts(before) and detail.counts(after)
            yield Difference(
                detail.name,
                old,
                new,
                is_wider=counts and detail.is_wider(new, than=old),
                is_narrower=counts and detail.is_wider(old, than=new),
            )


def is_wider(before: Settings, after: Settings) -> bool:
    """Return whether anything is let in that was not before."""
    return any(found.is_wider for found in between(before, after))


def is_narrower(before: Settings, after: Settings) -> bool:
    """Return whether anything is kept out that was let in before."""
    return any(found.is_narrower for found in between(before, after))


def stricter(settings: Settings, kept: Settings) -> dict[str, Any]:
    """Return what changes in `settings` where they may not let in more than `kept`."""
    found: dict[str, Any] = {}
    for name, most in kept.items():
        if name in switches.BY_NAME:
            if switches.BY_NAME[name].is_stricter(most, than=settings[name]):
                found[name] = most
        elif details.BY_NAME[name].is_wider(settings[name], than=most):
            found[name] = details.BY_NAME[name].joint(most, settings[name])
    return found


def narrowed(before: Settings, after: Settings) -> dict[str, Any]:
    """Return `before` with what `after` takes away, and nothing that it adds.

    Neutral changes come along, a list that nobody asks yet for instance.
    """
    result = dict(before)
    for found in between(before, after):
        if not found.is_wider:
            result[found.name] = found.new
        elif found.is_narrower:
            result[found.name] = details.BY_NAME[found.name].joint(found.old, found.new)
    # A switch that stays lets a longer list in at once if it is taken over: keep the shorter.
    for detail in details.DETAILS:
        counts = detail.counts(result) and detail.counts(before)
        if counts and detail.is_wider(result[detail.name], than=before[detail.name]):
            result[detail.name] = before[detail.name]
    return result
