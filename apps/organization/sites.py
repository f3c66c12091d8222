"""Sites: where the devices of an organisation are, and by what they are known to be there.

Conditions, order and preview are those of classification; what a site gives is a place.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

from apps.organization.choices import FieldFact, Matching, RuleFact, SiteFact, SiteType
from apps.organization.classification import Condition, conditions_as_json, conditions_of_json
from apps.organization.fleet import Preview, Progress

if TYPE_CHECKING:
    from apps.accounts.models import Account
    from apps.core.scope import Scope
    from apps.organization.models import Site

FACTS: list[tuple[str, Any]] = [  # what sites may read
    *SiteFact.choices,
    (RuleFact.LOCAL_ADDRESS.value, RuleFact.LOCAL_ADDRESS.label),
    (FieldFact.ENTITY.value, FieldFact.ENTITY.label),
    *((fact.value, fact.label) for fact in RuleFact if fact != RuleFact.LOCAL_ADDRESS),
]


@dataclass(frozen=True, slots=True)
class SiteRule:
    """A site apart from its row: one that is kept, or one that is only proposed.

    uid: of the row, "" while there is none.
    """

    name: str
    conditions: tuple[Condition, ...]
    type: str = SiteType.ONSITE
    country: str = ""
    state: str = ""
    city: str = ""
    matching: str = Matching.ANY
    is_active: bool = True
    uid: str = ""

    @property
    def place(self) -> tuple[str, ...]:
        """Return where the devices of the site are: country, state, city, site, type."""
        return (self.country, self.state, self.city, self.name, str(self.type))

    def as_json(self) -> dict[str, Any]:
        """Return the site as JSON knows it."""
        return {
            "uid": self.uid,
            "name": self.name,
            "type": str(self.type),
            "country": self.country,
            "state": self.state,
            "city": self.city,
            "matching": str(self.matching),
            "is_active": self.is_active,
            "conditions": conditions_as_json(self.conditions),
        }

    @classmethod
    def of_json(cls, found: Mapping[str, Any]) -> SiteRule:
        """Return the site that `as_json` wrote."""
        return cls(**{**found, "conditions": conditions_of_json(found["conditions"])})

    @classmethod
    def of_row(cls, row: Site) -> SiteRule:
        """Return what a row says."""
        return cls(
            uid=str(row.uid),
            name=row.name,
            type=row.type,
            country=row.country,
            state=row.state,
            city=row.city,
            matching=row.matching,
            is_active=row.is_active,
            conditions=conditions_of_json(row.conditions),
        )


class Finder(Protocol):
    """What `devices` offers."""

    def preview(self, rules: Sequence[SiteRule], scope: Scope, page: int) -> Preview:
        """Return what the sites would do; writes nothing."""
        ...

    def hides(self, rules: Sequence[SiteRule], scope: Scope) -> bool:
        """Return whether sites read or tell of devices what is hidden from a caller."""
        ...

    def begin(self, actor: Account | None, now: datetime) -> None:
        """Have the place of every device found anew, soon."""
        ...

    def progress(self) -> Progress | None:
        """Return how far the last run is, None where there was none. Cost: 1 query."""
        ...


_finders: list[Finder] = []


def register(finder: Finder) -> None:
    """Say who knows the machines; called once, from `ready()`."""
    if _finders:
        raise ValueError("a finder is registered already")
    _finders.append(finder)


def known() -> Finder:
    """Return who knows the machines."""
    return _finders[0]
