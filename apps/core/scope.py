"""What one caller may see: made by accounts, applied by querysets and by the NQL compiler."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db import models

from apps.core.personal_data import masking, ranking
from apps.core.personal_data.classes import PrivacyLevel
from apps.core.personal_data.ranking import Ranking, Row


@dataclass(frozen=True, slots=True)
class Scope:
    """The rights of one caller during one request; never cached longer.

    grants: for each action on entities ("view_device", "manage_device") the opaque ids of the
    granted nodes. Only `organization` knows what such an id means.
    ranking: whether lists may rank persons; the same for every caller of the instance.
    """

    account_id: int
    permissions: frozenset[str]  # "devices.view_device"
    privacy_level: PrivacyLevel
    grants: Mapping[str, frozenset[str]]
    is_unrestricted: bool = False  # everything is granted on the root: fleet rollups may answer
    ranking: Ranking = field(default_factory=Ranking, compare=False, repr=False)

    def may_hide(self, model: type[models.Model], field: str) -> bool:
        """Return whether `field` is hidden on some row: then no search, filter or sort by it."""
        return masking.may_hide(self.privacy_level, model, field)

    def may_list(self, model: type[models.Model], field: str) -> bool:
        """Return whether a list of `model` may hold `field`, be filtered or sorted by it.

        Not where it would rank persons and the instance refuses that. Pages about one person or
        device are no lists. Cost: that of `Ranking.is_allowed`, none for other fields.
        """
        return not ranking.ranks(model, field) or self.ranking.is_allowed

    def told(self, row: Row) -> Row:
        """Return a row as pages may tell it: to a quarter of an hour where nobody may be ranked.

        For every page but that of the device on which it was. Cost: as `may_list`.
        """
        if not ranking.ranking_times(type(row)) or self.ranking.is_allowed:
            return row
        return ranking.told_roughly(row)

    def show(self, obj: models.Model, field: str) -> Any:
        """Return the value of `field`, or what this caller sees instead.

        A hidden name becomes a token, stable for one account and day; hidden text becomes "".
        Cost: no query.
        """
        if masking.hides(self.privacy_level, obj, field):
            return masking.replacement(obj, field, account_id=self.account_id)
        return getattr(obj, field)

    def label(self, obj: models.Model) -> str:
        """Return what this caller may call a row: its text, or a token for a hidden name.

        What has no name is often called by its time. Cost: as `told`, and what the row's own
        `__str__` needs.
        """
        named_by = masking.label_field(type(obj))
        if named_by and masking.hides(self.privacy_level, obj, named_by):
            return masking.replacement(obj, named_by, account_id=self.account_id)
        return str(obj if named_by else self.told(obj))


NOTHING = Scope(
    account_id=0,
    permissions=frozenset(),
    privacy_level=PrivacyLevel.USERS_DEVICES_DESTINATIONS,
    grants={},
)


@dataclass(frozen=True, slots=True)
class Grants:
    """What a profile may do on the tree: opaque ids by action, or everything."""

    nodes: Mapping[str, frozenset[str]] = field(default_factory=dict)
    is_unrestricted: bool = False


Resolver = Callable[[int], Grants]

_resolvers: list[Resolver] = []


def register_resolver(resolver: Resolver) -> None:
    """Say how the grants of a group (its id) resolve; `organization` does, once."""
    if _resolvers:
        raise ValueError("the grants have a resolver already")
    _resolvers.append(resolver)


def grants_of(group_id: int | None) -> Grants:
    """Return the grants of a profile's group; none for nobody. Cost: 1 query."""
    if group_id is None or not _resolvers:
        return Grants()
    return _resolvers[0](group_id)
