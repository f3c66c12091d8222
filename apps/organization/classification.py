"""Rules that classify devices into entities: what they read, and which one takes a device.

Pure: facts in, rule out. Where the facts come from is the business of `devices`.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from apps.organization.choices import FieldFact, Matching, RuleFact, SiteFact

if TYPE_CHECKING:
    from apps.organization.models import ClassificationRule

PLATFORMS = ("windows", "macos", "linux")
VALUE_LENGTH = 1_024  # characters, as of a directory path
RULES_LIMIT = 500
CONDITIONS_LIMIT = 20  # of one rule
NAMES_NETWORK = (RuleFact.LOCAL_ADDRESS, SiteFact.PUBLIC_ADDRESS)
NAMES_ENTITY = (RuleFact.KEY_ENTITY, FieldFact.ENTITY)  # by its id


@dataclass(frozen=True, slots=True)
class Facts:
    """What rules may read of one device; "" where it is unknown or may not be kept.

    key_entity_path: path of ids of the entity of its enrolment key. A name that is kept hashed
    is no name here: nothing can be said about it. From `entity_path` on, its own, only rules of
    custom fields and sites read.
    """

    device_name: str = ""
    local_address: str = ""
    configuration_tag: str = ""
    group_name: str = ""
    distinguished_name: str = ""
    enrolment_key: str = ""
    key_entity_path: str = ""
    platform: str = ""
    collector_tags: tuple[str, ...] = ()
    entity_path: str = ""
    hardware_manufacturer: str = ""
    hardware_model: str = ""
    operating_system_name: str = ""
    public_address: str = ""


@dataclass(frozen=True, slots=True)
class Condition:
    """One fact and what it has to be: a pattern, a network, an entity's id, a platform."""

    fact: str
    value: str


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule apart from its row: one that is kept, or one that is only proposed.

    uid: of the row, "" while there is none.
    """

    name: str
    entity_id: int
    conditions: tuple[Condition, ...]
    matching: str = Matching.ALL
    is_active: bool = True
    uid: str = ""

    def as_json(self) -> dict[str, Any]:
        """Return the rule as JSON knows it."""
        return {
            "uid": self.uid,
            "name": self.name,
            "entity": self.entity_id,
            "matching": str(self.matching),
            "is_active": self.is_active,
            "conditions": conditions_as_json(self.conditions),
        }

    @classmethod
    def of_json(cls, found: Mapping[str, Any]) -> Rule:
        """Return the rule that `as_json` wrote."""
        return cls(
            uid=found["uid"],
            name=found["name"],
            entity_id=found["entity"],
            matching=found["matching"],
            is_active=found["is_active"],
            conditions=conditions_of_json(found["conditions"]),
        )

    @classmethod
    def of_row(cls, row: ClassificationRule) -> Rule:
        """Return what a row says."""
        return cls(
            uid=str(row.uid),
            name=row.name,
            entity_id=row.entity_id,
            matching=row.matching,
            is_active=row.is_active,
            conditions=conditions_of_json(row.conditions),
        )


def conditions_as_json(conditions: Iterable[Condition]) -> list[dict[str, str]]:
    """Return conditions as JSON knows them."""
    return [{"fact": str(part.fact), "value": part.value} for part in conditions]


def conditions_of_json(found: Iterable[Mapping[str, str]]) -> tuple[Condition, ...]:
    """Return the conditions that `conditions_as_json` wrote."""
    return tuple(Condition(part["fact"], part["value"]) for part in found)


class Conditional(Protocol):
    """What takes devices by conditions: a rule of whatever purpose."""

    @property
    def conditions(self) -> tuple[Condition, ...]:
        """Return what has to hold."""
        ...

    @property
    def matching(self) -> str:
        """Return whether all have to, or one."""
        ...


class Ordered(Conditional, Protocol):
    """A rule of a list in which the first that takes a device wins."""

    @property
    def is_active(self) -> bool:
        """Return whether it takes any device."""
        ...


AnyRule = TypeVar("AnyRule", bound=Ordered)


class Classifier(Generic[AnyRule]):
    """Rules in their order, ready to be asked for many devices."""

    def __init__(self, rules: Iterable[AnyRule], paths: Mapping[int, str]) -> None:
        """Prepare the active rules. paths: of the entities that `key_entity` conditions name."""
        self._rules = [(rule, holds_rule(rule, paths)) for rule in rules if rule.is_active]

    def rule_for(self, facts: Facts) -> AnyRule | None:
        """Return the first rule that takes the device, None where none does."""
        for rule, holds in self._rules:
            if holds(facts):
                return rule
        return None

    @property
    def facts(self) -> frozenset[str]:
        """Return which facts the active rules read."""
        return frozenset(part.fact for rule, _holds in self._rules for part in rule.conditions)


def key_entities(rules: Iterable[Conditional]) -> set[int]:
    """Return the ids of entities that conditions of the rules name."""
    return {
        int(part.value) for rule in rules for part in rule.conditions if part.fact in NAMES_ENTITY
    }


def matches_pattern(pattern: str, text: str) -> bool:
    """Return whether a text fits a pattern, in which "*" stands for any letters; case is ignored.

    An absent text fits nothing. Linear in the text: no pattern can make it slow.
    """
    if not text:
        return False
    first, *rest = pattern.casefold().split("*")
    text = text.casefold()
    if not rest:
        return text == first
    last, place = rest.pop(), len(first)
    if not text.startswith(first):
        return False
    for part in rest:
        found = text.find(part, place)
        if found < 0:
            return False
        place = found + len(part)
    return text.endswith(last) and len(text) - len(last) >= place


def is_in_network(network: str, address: str) -> bool:
    """Return whether an address lies in a network (CIDR); no address lies in none."""
    parsed = _address(address)
    return parsed is not None and parsed in _network(network)


@lru_cache(maxsize=1_024)
def _network(text: str) -> Any:
    return ipaddress.ip_network(text, strict=False)


@lru_cache(maxsize=1_024)
def _address(text: str) -> Any:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None


Holds = Callable[[Facts], bool]


def holds_rule(rule: Conditional, paths: Mapping[int, str]) -> Holds:
    """Return what tells whether a rule takes a device. paths: of the entities that it names."""
    tests = [_holds(part, paths) for part in rule.conditions]
    if not tests:
        return lambda facts: False
    join = any if rule.matching == Matching.ANY else all
    return lambda facts: join(test(facts) for test in tests)


def _holds(condition: Condition, paths: Mapping[int, str]) -> Holds:
    fact, value = condition.fact, condition.value
    if fact in NAMES_NETWORK:
        return lambda facts: is_in_network(value, getattr(facts, fact))
    if fact in NAMES_ENTITY:
        path, name = paths.get(int(value)), f"{fact}_path"
        return lambda facts: path is not None and getattr(facts, name).startswith(path)
    if fact == RuleFact.COLLECTOR_TAG:
        return lambda facts: any(matches_pattern(value, tag) for tag in facts.collector_tags)
    return lambda facts: matches_pattern(value, getattr(facts, fact))
