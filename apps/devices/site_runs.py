"""The sites over the whole fleet: what they would do, and the run that does it."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import islice
from typing import Any

from apps.accounts.models import Account
from apps.core.scope import Scope
from apps.devices import classification, fleet, locating
from apps.devices.choices import RunPurpose
from apps.devices.classification import PLACE
from apps.devices.fleet import CHUNK, PAGE
from apps.devices.models import Device
from apps.organization import sites
from apps.organization.fleet import Mover, Preview, Progress
from apps.organization.querysets import classifier_of
from apps.organization.sites import SiteRule

SITE = PLACE.index("location_site")


class Machines:
    """What the organisation asks of the devices."""

    def preview(self, rules: Sequence[SiteRule], scope: Scope, page: int) -> Preview:
        """Return what the sites would do to the devices that the caller sees.

        page: of the devices that would be elsewhere, from 1. Writes nothing. Cost: 3 queries and 2
        per CHUNK devices; about a second for 20,000 devices.
        """
        finder = classifier_of(rules)
        numbers = {id(rule): number for number, rule in enumerate(rules)}
        by_rule: Counter[int] = Counter()
        moves: Counter[tuple[str, str]] = Counter()
        shown: list[tuple[int, str, str]] = []
        devices = unmatched = moving = 0
        for row, origin in _rows(scope):
            devices += 1
            site = finder.rule_for(locating.facts_of(row, row["entity__path"], origin))
            if site is None:
                unmatched += 1
            else:
                by_rule[numbers[id(site)]] += 1
            old, new = tuple(row[name] for name in PLACE), locating.place_of(row, site)
            if old != new:
                moves[old[SITE], new[SITE]] += 1
                if (page - 1) * PAGE <= moving < page * PAGE:
                    shown.append((row["id"], old[SITE], new[SITE]))
                moving += 1
        return Preview(
            devices=devices,
            by_rule=by_rule,
            unmatched=unmatched,
            moves=dict(moves.most_common()),
            movers=_movers(shown),
            has_more=moving > page * PAGE,
        )

    def hides(self, rules: Sequence[SiteRule], scope: Scope) -> bool:
        """Return whether sites read or tell what is hidden from a caller. Cost: no query."""
        read = {part.fact for rule in rules for part in rule.conditions}
        columns = [name for name, fact in locating.FACTS_OF_COLUMNS.items() if fact in read]
        return any(scope.may_hide(Device, name) for name in ["location_site", *columns])

    def begin(self, actor: Account | None, now: datetime) -> None:
        """Have the place of every device found anew."""
        fleet.begin(RunPurpose.SITES, actor, now)

    def progress(self) -> Progress | None:
        """Return how far the last run is. Cost: 1 query."""
        return fleet.progress(RunPurpose.SITES)


sites.register(Machines())


def restart(now: datetime) -> None:
    """Have all sites asked again: what they read may change where no report tells of it.

    Keys are renamed, names become pseudonyms, addresses are deleted.
    """
    fleet.begin(RunPurpose.SITES, None, now)


def _rows(scope: Scope) -> Iterator[tuple[dict[str, Any], classification.Origin]]:
    """Yield the devices that a caller sees, as values, and how they came in."""
    rows = Device.objects.permitted_to(scope).order_by("pk")
    found = rows.values("id", "entity__path", *locating.COLUMNS, *PLACE).iterator(CHUNK)
    while chunk := list(islice(found, CHUNK)):
        origins = classification.origins_of([row["id"] for row in chunk])
        for row in chunk:
            yield row, origins.get(row["id"], classification.NO_ORIGIN)


def _movers(shown: Sequence[tuple[int, str, str]]) -> list[Mover]:
    found = Device.objects.in_bulk([device_id for device_id, _old, _new in shown])
    return [Mover(found[key], old, new) for key, old, new in shown if key in found]
