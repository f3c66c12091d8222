"""What rules do to the fleet: asked here, answered by `devices`, which knows the machines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

from django.db import models

if TYPE_CHECKING:
    from apps.accounts.models import Account
    from apps.core.scope import Scope
    from apps.organization.classification import Rule


@dataclass(frozen=True, slots=True)
class Mover:
    """One device that would move; its name is shown through the caller's scope.

    old, new: ids of entities, or names of sites.
    """

    device: models.Model
    old: Any
    new: Any


@dataclass(frozen=True, slots=True)
class Preview:
    """What rules would do, as far as the caller sees devices.

    by_rule: devices that each rule takes, by its place. moves: from, to -> devices.
    """

    devices: int = 0
    by_rule: Mapping[int, int] = field(default_factory=dict)
    unmatched: int = 0
    pinned: int = 0
    moves: Mapping[tuple[Any, Any], int] = field(default_factory=dict)
    movers: Sequence[Mover] = ()
    has_more: bool = False

    @property
    def moving(self) -> int:
        """Return how many devices would move."""
        return sum(self.moves.values())


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the last run over the fleet is."""

    state: str
    label: str
    done: int
    total: int
    moved: int
    created_at: datetime


class Fleet(Protocol):
    """What `devices` offers."""

    def preview(self, rules: Sequence[Rule], scope: Scope, page: int) -> Preview:
        """Return what the rules would do; writes nothing."""
        ...

    def hides(self, rules: Sequence[Rule], scope: Scope) -> bool:
        """Return whether rules read of devices what is hidden from a caller."""
        ...

    def begin(self, actor: Account | None, now: datetime) -> None:
        """Have the rules applied to the whole fleet, soon."""
        ...

    def progress(self) -> Progress | None:
        """Return how far the last run is, None where there was none. Cost: 1 query."""
        ...


_fleets: list[Fleet] = []


def register(fleet: Fleet) -> None:
    """Say who knows the machines; called once, from `ready()`."""
    if _fleets:
        raise ValueError("a fleet is registered already")
    _fleets.append(fleet)


def known() -> Fleet:
    """Return who knows the machines."""
    return _fleets[0]
