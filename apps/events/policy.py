"""What one device may tell: the effective collection switches, as the pipeline sees them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta, tzinfo

# Of these values a switch lets nothing in by itself: what is on a list is asked for by name.
LISTING_VALUES = frozenset({"listed_binaries"})
SILENT_VALUES = LISTING_VALUES | {"off", "none"}


@dataclass(frozen=True, slots=True)
class WorkHours:
    """When rows may be linked to people, by the device's zone.

    days: Monday is 1. start, end: the same on each day; `time.max` is the end of the day.
    is_on_site: besides on networks of the company alone; whether it is on one, the device knows.
    """

    days: frozenset[int]
    start: time
    end: time
    zone: tzinfo
    is_on_site: bool = False

    def covers(self, moment: datetime) -> bool:
        """Return whether `moment` lies in the schedule."""
        local = moment.astimezone(self.zone)
        return local.isoweekday() in self.days and self.start <= local.time() < self.end


@dataclass(frozen=True, slots=True)
class Policy:
    """The switches in force for one device; made by `collectors`, asked by kinds and dimensions.

    switches: value by switch name (privacy.md 2). A switch that is not named is denied: who
    does not know a switch has not been allowed what it governs.
    lists: switch -> what is listed, in lower case, where the switch lets in what is on a list.
    hours: None where rows may be linked to people at any time.
    hash_epoch: in which pseudonyms are made now.
    """

    switches: Mapping[str, str]
    lists: Mapping[str, frozenset[str]] = field(default_factory=dict)
    hours: WorkHours | None = None
    hash_epoch: int = 0

    def allows(self, requirement: str | None) -> bool:
        """Return whether values that ask for `requirement` may be stored; None asks for nothing.

        requirement: a switch, as in "packages", or a switch with the one value that is enough,
        as in "session_events=all".
        """
        if requirement is None:
            return True
        name, _, value = requirement.partition("=")
        held = self.value(name)
        return held == value if value else held not in SILENT_VALUES

    def value(self, switch: str) -> str:
        """Return the value of `switch`, "off" where it is not named."""
        return self.switches.get(switch, "off")

    def allows_listed(self, switch: str) -> bool:
        """Return whether `switch` lets in what is on its list, and nothing else."""
        return self.value(switch) in LISTING_VALUES

    def listed(self, switch: str) -> frozenset[str]:
        """Return what is on the list of `switch`, in lower case; nothing where it has none."""
        return self.lists.get(switch, frozenset())

    def covers(self, moment: datetime, seconds: int = 0) -> bool:
        """Return whether a row may be linked to a person; seconds: length of its bucket."""
        if self.hours is None:
            return True
        last = moment + timedelta(seconds=max(seconds - 1, 0))
        return self.hours.covers(moment) or self.hours.covers(last)

    def lets_server_look(self, moment: datetime) -> bool:
        """Return whether the server by itself may note where a device is.

        Never where that depends on its network: it may be a home, and the server cannot know.
        """
        return self.hours is None or (not self.hours.is_on_site and self.hours.covers(moment))


def switch_of(requirement: str | None) -> str:
    """Return the switch that a requirement asks, for counts of what it denied."""
    return (requirement or "").partition("=")[0]
