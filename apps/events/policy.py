"""What one device may tell: the effective collection switches, as the pipeline sees them."""

from collections.abc import Mapping
from dataclasses import dataclass

# Of these values a switch lets nothing in by itself: what is on a list is asked for by name.
SILENT_VALUES = frozenset({"off", "none", "listed_binaries"})


@dataclass(frozen=True, slots=True)
class Policy:
    """The switches in force for one device; made by `collectors`, asked by kinds and dimensions.

    switches: value by switch name (privacy.md 2). A switch that is not named is denied: who
    does not know a switch has not been allowed what it governs.
    """

    switches: Mapping[str, str]

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


def switch_of(requirement: str | None) -> str:
    """Return the switch that a requirement asks, for counts of what it denied."""
    return (requirement or "").partition("=")[0]
