"""The rules as a file: a line for each condition; lines of one name in a row are one rule."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from django.utils.translation import gettext_lazy as _

from apps.organization import sheets
from apps.organization.choices import Matching
from apps.organization.classification import RULES_LIMIT, Condition, Rule
from apps.organization.conditions import ConditionRefused, clean, text_of
from apps.organization.places import Places
from apps.organization.services.rules import problem_of
from apps.organization.sheets import Line, Problem

COLUMNS = ("name", "entity", "active", "matching", "fact", "value")
TRUTHS = {"yes": True, "": True, "no": False}


@dataclass(frozen=True, slots=True)
class Plan:
    """The list of rules that a file holds, and what is wrong with it."""

    rules: Sequence[Rule] = ()
    problems: Sequence[Problem] = ()


def plan(data: bytes | str, present: Sequence[Rule]) -> Plan:
    """Return the whole list that a file holds; rules of a name that is there keep their identity.

    Cost: 2 queries.

    Raises:
        sheets.SheetRefused: it cannot be read at all.
    """
    lines = sheets.read(data, COLUMNS)
    uids = {rule.name: rule.uid for rule in present}
    places = Places()
    rules: list[Rule] = []
    problems: list[Problem] = []
    for name, group in groupby(lines, key=lambda line: line.get("name")):
        found = list(group)
        wrong = list(_problems(found, places))
        problems += wrong
        if not wrong:
            rules.append(_rule(name, found, places, uids.get(name, "")))
    if not problems:
        problems += _problems_of_list(rules, lines)
    return Plan(rules, problems)


def export(rules: Sequence[Rule]) -> str:
    """Return the rules as a file. Cost: 1 query."""
    places = Places()
    return sheets.write(
        COLUMNS,
        (
            [
                rule.name,
                places.name(rule.entity_id),
                "yes" if rule.is_active else "no",
                str(rule.matching),
                part.fact,
                text_of(part, places),
            ]
            for rule in rules
            for part in rule.conditions
        ),
    )


def _problems(lines: Sequence[Line], places: Places) -> Iterator[Problem]:
    """Yield what is wrong with the lines of one rule."""
    first = lines[0]
    for line in lines:
        if places.find(line.get("entity")) is None:
            yield Problem(line.number, _("There is no such entity."))
        if line.get("active").casefold() not in TRUTHS:
            yield Problem(line.number, _("Column “active” is yes or no."))
        if (line.get("matching") or Matching.ALL) not in Matching.values:
            yield Problem(line.number, _("Column “matching” is all or any."))
        same = ("entity", "active", "matching")
        if any(line.get(name) != first.get(name) for name in same):
            reason = str(_("It differs from line %d, which is of the same rule.")) % first.number
            yield Problem(line.number, reason)
        try:
            clean(line.get("fact"), line.get("value"), places)
        except ConditionRefused as error:
            yield Problem(line.number, str(error))


def _rule(name: str, lines: Sequence[Line], places: Places, uid: str) -> Rule:
    first = lines[0]
    entity_id = places.find(first.get("entity"))
    assert entity_id is not None  # `_problems` has asked
    conditions: tuple[Condition, ...] = tuple(
        clean(line.get("fact"), line.get("value"), places) for line in lines
    )
    return Rule(
        name=name,
        entity_id=entity_id,
        conditions=conditions,
        matching=first.get("matching") or Matching.ALL,
        is_active=TRUTHS[first.get("active").casefold()],
        uid=uid,
    )


def _problems_of_list(rules: Sequence[Rule], lines: Sequence[Line]) -> Iterator[Problem]:
    """Yield what is wrong with the rules among each other, at the line where it shows."""
    numbers = {line.get("name"): line.number for line in lines}
    seen: set[str] = set()
    if len(rules) > RULES_LIMIT:
        yield Problem(lines[-1].number, _("There are more rules than 500."))
    for rule in rules:
        if rule.name.casefold() in seen:
            yield Problem(numbers[rule.name], _("There is a rule of this name."))
        elif reason := problem_of(rule):
            yield Problem(numbers[rule.name], reason)
        seen.add(rule.name.casefold())
