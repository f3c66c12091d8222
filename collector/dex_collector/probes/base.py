"""What a probe is, and what it returns."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from dex_collector.configuration import Configuration
from dex_collector.inventory import Part
from dex_collector.local.companions import Companions
from dex_collector.users import Naming


class NoData(Exception):
    """The source is absent on this machine: no failure, reported once."""


class ProbeError(Exception):
    """The source is there but unreadable; the message never quotes it."""


@dataclass(frozen=True)
class Context:
    """What a read may know: where to look, when, and what is allowed.

    measures_people: whether `work_hours` lets read now what tells about a person. A probe that is
    user-linked as a whole is not run otherwise; one that is so in part asks this.
    awake: like `monotonic`, but without the time asleep; None where no clock tells.
    companions: what the session companions of people told; None where no socket is open.
    """

    root: Path
    now: datetime
    monotonic: float
    configuration: Configuration
    measures_people: bool = True
    awake: float | None = None
    companions: Companions | None = None

    @cached_property
    def naming(self) -> Naming:
        """Return what makes user entries under this configuration."""
        return Naming(self.root, self.configuration)


@dataclass(frozen=True, slots=True)
class Fact:
    """One occurrence. `key`: a fact of the same kind and key is sent once per boot.

    is_lasting: or once for all: the machine tells of it for longer than one boot.
    switch: what allows it, where that is not the switch of its probe.
    """

    kind: str
    occurred_at: datetime
    key: str
    fields: Mapping[str, Any] = field(default_factory=dict)
    user: Mapping[str, str] | None = None
    binary: Mapping[str, str] | None = None
    is_lasting: bool = False
    switch: str | None = None


@dataclass(frozen=True, slots=True)
class Sample:
    """One reading for the open bucket: a value of each gauge, an amount of each counter."""

    kind: str
    gauges: Mapping[str, float] = field(default_factory=dict)
    counters: Mapping[str, int] = field(default_factory=dict)
    fields: Mapping[str, Any] = field(default_factory=dict)
    user: Mapping[str, str] | None = None
    binary: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Tally:
    """Something a probe had to leave out, for the collector's own counters."""

    counter: str
    number: int


@dataclass(frozen=True, slots=True)
class Lack:
    """A word for what this machine cannot tell, such as `batteries.unsupported`."""

    word: str


Output = Fact | Sample | Part | Tally | Lack
Reader = Callable[[Context], Iterable[Output]]


@runtime_checkable
class Listener(Protocol):
    """A reader that also hears while it is not called, until it is told to rest."""

    def rest(self) -> None:
        """Stop hearing and forget: the probe may not run now."""


@dataclass(frozen=True)
class Probe:
    """The declaration of a probe.

    source: where it reads, for people who look.
    make_reader: called once at start; a reader that forms differences keeps its state.
    switch: off means that the reader is not called at all.
    is_user_linked: not read outside `work_hours`.
    cost: cheap (a few files), moderate (a pass over processes).
    """

    name: str
    every_seconds: float
    timeout_seconds: float
    kinds: tuple[str, ...]
    make_reader: Callable[[], Reader]
    switch: str | None = None
    is_user_linked: bool = False
    cost: str = "cheap"
    source: str = ""


@dataclass(slots=True)
class Counters:
    """Turns growing numbers of the system into differences.

    A smaller number than before (reboot, wrap) gives no difference and is counted.
    """

    previous: dict[str, int] = field(default_factory=dict)
    negative: int = 0

    def differences(self, present: Mapping[str, int]) -> dict[str, int]:
        """Return how much each number grew; those seen for the first time are left out."""
        grown = {
            name: value - self.previous[name]
            for name, value in present.items()
            if name in self.previous
        }
        self.previous = dict(present)
        self.negative += sum(1 for value in grown.values() if value < 0)
        return {name: value for name, value in grown.items() if value >= 0}

    def take_negative(self) -> int:
        """Return the number of dropped differences since the last call."""
        number, self.negative = self.negative, 0
        return number


def read_text(path: Path) -> str | None:
    """Return the text of a small file of the system, stripped; None if absent or not readable."""
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    return text.replace("\0", " ").strip() or None


def read_number(path: Path) -> int | None:
    """Return the whole number in a file; None if absent or no number."""
    text = read_text(path)
    try:
        return None if text is None else int(text)
    except ValueError:
        return None
