"""Rules that classify devices, with dull defaults."""

from itertools import count
from typing import Any

from apps.organization.classification import Condition, Rule
from apps.organization.models import ClassificationRule, Entity
from apps.organization.services import fingerprint, replace_rules
from tests.conftest import NOW

_numbers = count(1)


def rule(entity: Entity, *conditions: tuple[str, str], **options: Any) -> Rule:
    """Return a rule that is not kept yet."""
    parts = tuple(Condition(fact, value) for fact, value in conditions)
    name = options.pop("name", f"Rule {next(_numbers)}")
    return Rule(name=name, entity_id=entity.pk, conditions=parts, **options)


def make_rules(*rules: Rule) -> None:
    """Put rules in the place of the present ones."""
    base = fingerprint(ClassificationRule.objects.as_rules())
    replace_rules(rules=rules, base=base, actor=None, now=NOW)
