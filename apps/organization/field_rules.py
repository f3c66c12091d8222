"""Rules that fill a custom field of devices: conditions and the value they give, in order.

Pure, but for the door to `devices`, which knows the machines: see `Filler`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from apps.organization.choices import FieldFact, Matching, RuleFact
from apps.organization.classification import (
    Condition,
    Facts,
    conditions_as_json,
    conditions_of_json,
    holds_rule,
)

if TYPE_CHECKING:
    from apps.core.scope import Scope
    from apps.organization.models import CustomField

FACTS = [*RuleFact.choices, *FieldFact.choices]  # what such rules may read


@dataclass(frozen=True, slots=True)
class ValueRule:
    """One rule: devices that it takes have the value, of the type of the field."""

    value: Any
    conditions: tuple[Condition, ...]
    matching: str = Matching.ALL


@dataclass(frozen=True, slots=True)
class Filling:
    """The rules of a field, and the value where none takes a device: None for no value."""

    rules: tuple[ValueRule, ...] = ()
    otherwise: Any = None

    @classmethod
    def of_row(cls, row: CustomField) -> Filling:
        """Return what a definition says."""
        return cls.of_json({"rules": row.rules, "otherwise": row.otherwise})

    @classmethod
    def of_json(cls, found: Mapping[str, Any]) -> Filling:
        """Return the filling that `as_json` wrote."""
        rules = (
            ValueRule(rule["value"], conditions_of_json(rule["conditions"]), rule["matching"])
            for rule in found["rules"]
        )
        return cls(tuple(rules), found["otherwise"])

    def as_json(self) -> dict[str, Any]:
        """Return the filling as JSON knows it."""
        rules = [
            {
                "value": rule.value,
                "conditions": conditions_as_json(rule.conditions),
                "matching": str(rule.matching),
            }
            for rule in self.rules
        ]
        return {"rules": rules, "otherwise": self.otherwise}

    @property
    def fingerprint(self) -> str:
        """Return a mark by which two fillings are told apart."""
        return hashlib.sha256(json.dumps(self.as_json(), sort_keys=True).encode()).hexdigest()

    @property
    def facts(self) -> frozenset[str]:
        """Return which facts the rules read."""
        return frozenset(part.fact for rule in self.rules for part in rule.conditions)


class Valuer:
    """A filling, ready to be asked for many devices."""

    def __init__(self, filling: Filling, paths: Mapping[int, str]) -> None:
        """Prepare the rules. paths: of the entities that conditions name."""
        self._filling = filling
        self._tests = [holds_rule(rule, paths) for rule in filling.rules]

    def place_for(self, facts: Facts) -> int | None:
        """Return the place of the first rule that takes the device, None where none does."""
        return next((place for place, holds in enumerate(self._tests) if holds(facts)), None)

    def value_for(self, facts: Facts) -> Any:
        """Return the value of a device, None for no value."""
        place = self.place_for(facts)
        return self._filling.otherwise if place is None else self._filling.rules[place].value


@dataclass(frozen=True, slots=True)
class FillingPreview:
    """What a filling would do, as far as the caller sees devices.

    by_rule: devices that each rule takes, by its place. by_value: how many have each value
    afterwards, None for no value. changing: how many have another value than now.
    """

    devices: int = 0
    by_rule: Mapping[int, int] = field(default_factory=dict)
    unmatched: int = 0
    by_value: Sequence[tuple[Any, int]] = ()
    changing: int = 0


class Filler(Protocol):
    """What `devices` offers."""

    def preview(self, row: CustomField, filling: Filling, scope: Scope) -> FillingPreview:
        """Return what a filling would do; writes nothing."""
        ...

    def hides(self, facts: Iterable[str], scope: Scope) -> bool:
        """Return whether one of the facts is hidden from a caller on some device."""
        ...

    def left(self, row: CustomField) -> int:
        """Return how many devices wait for the rules of now. Cost: at most 1 query."""
        ...


_fillers: list[Filler] = []


def register(filler: Filler) -> None:
    """Say who knows the machines; called once, from `ready()`."""
    if _fillers:
        raise ValueError("a filler is registered already")
    _fillers.append(filler)


def filler() -> Filler:
    """Return who knows the machines."""
    return _fillers[0]
