"""What people type as conditions of rules, checked and brought into one form."""

import ipaddress
from collections.abc import Collection

from django.utils.translation import gettext_lazy as _

from apps.core.errors import DomainError
from apps.organization.choices import FieldFact, Matching, RuleFact, SiteFact
from apps.organization.classification import (
    NAMES_ENTITY,
    NAMES_NETWORK,
    PLATFORMS,
    VALUE_LENGTH,
    Condition,
    Conditional,
)
from apps.organization.places import Places


class ConditionRefused(DomainError):
    """A condition that no rule can hold."""

    code = "condition_refused"


def clean(
    fact: str, value: str, places: Places, facts: Collection[str] = tuple(RuleFact.values)
) -> Condition:
    """Return the condition that was typed.

    places: the entities by where they stand, for facts whose value is "France / Paris".
    facts: what such rules may read.

    Raises:
        ConditionRefused: with a sentence that says why.
    """
    value = value.strip()
    if fact not in facts:
        raise ConditionRefused(message=_("Choose what the rule reads."))
    if not value or "\0" in value or len(value) > VALUE_LENGTH:
        raise ConditionRefused(message=_("Say what it has to be."))
    if fact in NAMES_NETWORK:
        return Condition(fact, _network(value))
    if fact == RuleFact.PLATFORM:
        return Condition(fact, _platform(value))
    if fact in NAMES_ENTITY:
        entity_id = places.find(value)
        if entity_id is None:
            raise ConditionRefused(message=_("There is no such entity."))
        return Condition(fact, str(entity_id))
    return Condition(fact, value)


def text_of(condition: Condition, places: Places) -> str:
    """Return the value as people type it."""
    if condition.fact in NAMES_ENTITY:
        return places.name(int(condition.value))
    return condition.value


def described(rule: Conditional, places: Places) -> str:
    """Return the conditions of a rule in one line."""
    labels = dict([*RuleFact.choices, *FieldFact.choices, *SiteFact.choices])
    joined = _("or") if rule.matching == Matching.ANY else _("and")
    return f" {joined} ".join(
        f"{labels.get(part.fact, part.fact)}: {text_of(part, places) or '?'}"
        for part in rule.conditions
    )


def _network(value: str) -> str:
    try:
        return str(ipaddress.ip_network(value, strict=False))
    except ValueError:
        raise ConditionRefused(
            message=_("This is no network; write it like 10.1.0.0/16.")
        ) from None


def _platform(value: str) -> str:
    if value.casefold() not in PLATFORMS:
        raise ConditionRefused(message=_("Platforms are windows, macos and linux."))
    return value.casefold()
