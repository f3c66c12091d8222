"""What one device may tell: the effective collection switches, as the pipeline sees them."""

from collections.abc import Mapping
from dataclasses import dataclass

# Nobody can list binaries yet, so nothing is listed.
SILENT_VALUES = frozenset({"off", "none", "listed_binaries"})


@dataclass(frozen=True, slots=True)
class Policy:
    """The switches in force for one device; made by `collectors`, asked by kinds and dimensions.

    switches: value by switch name (privacy.md 2). A switch that is not named is denied: who
    does not know a switch has not been allowed what it governs.
    """

    switches: Mapping[str, str]

    def allows(self, switch: str | None) -> bool:
        """Return whether values governed by `switch` may be stored; None governs nothing."""
        return switch is None or self.switches.get(switch, "off") not in SILENT_VALUES

    def value(self, switch: str) -> str:
        """Return the value of `switch`, "off" where it is not named."""
        return self.switches.get(switch, "off")
