"""Whether lists may rank persons, and by which fields they would (privacy.md 4).

Where they may not, lists tell neither a time nor an order within a quarter of an hour
(`core.admin.events`). The number of a row, which stands in its address, tells at most in which order
reports came in, up to a quarter of an hour after what they tell.
"""

from collections.abc import Callable
from copy import copy
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache, cached_property
from typing import TypeVar

from django.db import models

from apps.core.personal_data import masking, registry

PERSONS = frozenset({"user", "device"})  # a device counts whole: it may have one user
QUARTER = timedelta(minutes=15)

Rule = Callable[[int | None], bool]  # of the generation of the configuration
Row = TypeVar("Row", bound=models.Model)

_rules: list[Rule] = []


def register_rule(rule: Rule) -> None:
    """Say how to find out whether persons may be ranked now; `collectors` does, once."""
    if _rules:
        raise ValueError("whether persons may be ranked is decided already")
    _rules.append(rule)


@dataclass
class Ranking:
    """What is decided on the instance, found out when first asked for and kept for one request.

    generation: of the configuration, as the request's other queries brought it along; None where
    none did.
    """

    generation: int | None = None

    @cached_property
    def is_allowed(self) -> bool:
        """Return whether persons may be ranked; not where nobody decides it.

        Cost: none where this process knows the generation, else 1 to 2 queries.
        """
        return bool(_rules) and _rules[0](self.generation)


def ranks(model: type[models.Model], name: str) -> bool:
    """Return whether a list of `model` would rank persons by a field.

    It has a row for each person or device, or several, and the field appraises their work.

    name: a field, or a path over relations ("user__last_seen_at"). Cost: none.
    """
    known = registry.classification(model)
    if known is None or PERSONS.isdisjoint(known.keys):
        return False
    found = (registry.of_field(*step) for step in masking.steps(model, name))
    return any(each is not None and each.appraisal for each in found)


@cache
def ranking_times(model: type[models.Model]) -> tuple[str, ...]:
    """Return the instants of a table by which a list would rank persons."""
    fields = [field for field in model._meta.concrete_fields if ranks(model, field.name)]
    return tuple(field.name for field in fields if isinstance(field, models.DateTimeField))


def told_roughly(row: Row) -> Row:
    """Return a copy of a row whose instants that would rank persons are told to a quarter hour."""
    found = copy(row)
    for name in ranking_times(type(row)):
        moment = getattr(found, name)
        setattr(found, name, moment and quarter_of(moment))
    return found


def quarter_of(moment: datetime) -> datetime:
    """Return the start of the quarter of an hour in which a moment lies."""
    return moment - (moment - datetime.min.replace(tzinfo=moment.tzinfo)) % QUARTER
