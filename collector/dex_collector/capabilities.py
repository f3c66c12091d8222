"""Capabilities: what this machine cannot tell, said as such and not as an empty list or a zero."""

from collections.abc import Iterable

from dex_collector.inventory import Part
from dex_collector.probes.base import Lack, Output

REPEAT_SECONDS = 3600.0  # when nothing changed; the inventory makes one heartbeat a day of it
CHANGE_SECONDS = 600.0  # at most so often: a source may come and go
RETRY_SECONDS = 60.0  # when the disk took nothing
MEMORY = "capabilities"  # in the spool: the words that were told last, for `show`


class Capabilities:
    """The words of every probe, which make the inventory part `collector`."""

    def __init__(self) -> None:
        self._by_probe: dict[str, frozenset[str]] = {}
        self._told: tuple[frozenset[str], tuple[str, ...]] | None = None
        self._free_at = self._repeat_at = 0.0

    def note(self, probe: str, outputs: Iterable[Output]) -> None:
        """Take the words that a probe's last answer holds in place of those before."""
        self._by_probe[probe] = frozenset(one.word for one in outputs if isinstance(one, Lack))

    def due(
        self, absent: Iterable[str], restrictions: Iterable[str], monotonic: float
    ) -> Part | None:
        """Return the part, where it has to be told now.

        absent: probes without a source. restrictions: what the file on the device forbids.
        """
        words = frozenset(f"{probe}.unsupported" for probe in absent)
        if not words and not self._by_probe:  # no probe has answered yet
            return None
        words = words.union(*self._by_probe.values())
        told = (words, tuple(restrictions))
        waits_until = self._repeat_at if told == self._told else self._free_at
        if self._told is not None and monotonic < waits_until:
            return None
        self._told = told
        self._free_at, self._repeat_at = monotonic + CHANGE_SECONDS, monotonic + REPEAT_SECONDS
        return Part(
            "collector", {"capabilities": sorted(words), "local_restrictions": list(told[1])}
        )

    def postpone(self, monotonic: float) -> None:
        """Tell it once more in a while: the disk did not take it."""
        self._free_at = self._repeat_at = monotonic + RETRY_SECONDS

    def forget(self) -> None:
        """Tell it at the next opportunity: the server, or what holds, is another."""
        self._told = None
