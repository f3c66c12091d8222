"""What a stricter value leaves of what is stored: the network of an address, groups on a list.

A value that lets nothing in deletes instead (`deletion`), but for rows of what is on a list.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import connection, models

from apps.devices import public_addresses
from apps.devices.addresses import PREFIXES, SWITCH
from apps.events.policy import Policy


@dataclass(frozen=True, slots=True)
class Reduction:
    """What one value of a switch leaves of a column.

    expression: the SQL of what is left of a field's column, None where it leaves the column
    alone; %(listed)s stands for the names on the switch's list, in lower case.
    detail: the setting that holds this list; a shorter list reduces too.
    """

    switch: str
    value: str
    expression: Callable[[models.Field[Any, Any]], str | None]
    detail: str = ""

    def holds(self, policy: Policy) -> bool:
        """Return whether its value is in force."""
        return policy.value(self.switch) == self.value


@dataclass(frozen=True, slots=True)
class Listing:
    """A switch whose list decides row by row: what it lets in stays whole.

    is_listed: the SQL that tells whether a row of a table is of what is on the list; it holds the
    names as %(listed)s, in lower case. detail: see `Reduction`.
    """

    switch: str
    is_listed: str
    detail: str


Left = Mapping[str, str]  # column -> the SQL of what is left of it


def _network(field: models.Field[Any, Any]) -> str | None:
    """Return the network of an address, or of each one; the same as `devices.addresses`."""
    if isinstance(field, models.GenericIPAddressField):
        return _network_of(str(field.column))
    if not isinstance(field, ArrayField):
        return None
    return f"""ARRAY(
        SELECT network FROM (
            SELECT {_network_of("address")} AS network, number
            FROM unnest({field.column}) WITH ORDINALITY AS known (address, number)
        ) AS networks GROUP BY network ORDER BY min(number)
    )"""


def _network_of(column: str) -> str:
    # An IPv4 address that is mapped into IPv6 has the network of IPv4.
    plain = f"regexp_replace(host({column}), '^::ffff:(?=[0-9.]+$)', '')::inet"
    bits = f"CASE family({plain}) WHEN 4 THEN {PREFIXES[4]} ELSE {PREFIXES[6]} END"
    return f"host(network(set_masklen({plain}, {bits})))::inet"


_reductions: list[Reduction] = [
    Reduction(SWITCH, "prefix", _network),
    *(
        Reduction(public_addresses.SWITCH, value, public_addresses.left_of(value))
        for value in ("country", "none")
    ),
]


_listings: dict[str, Listing] = {}  # by switch


def register_listing(listing: Listing) -> None:
    """Add a switch whose list decides; called from `ready()` of the app that owns the tables."""
    _listings[listing.switch] = listing


def listing_of(switch: str) -> Listing | None:
    """Return how the list of a switch decides on rows, None where it does not."""
    return _listings.get(switch)


def register(reduction: Reduction) -> None:
    """Add what a value leaves; called from `ready()` of the app that owns the columns."""
    _reductions.append(reduction)


def of(
    model: Any, permitted: Mapping[str, str], switches: Sequence[str]
) -> Iterator[tuple[Reduction, Left]]:
    """Yield what `switches` may leave of a table. permitted: column -> its switch."""
    for reduction in _reductions:
        governed = [
            field
            for field in model._meta.concrete_fields
            if permitted.get(field.column) == reduction.switch in switches
        ]
        left = {field.column: sql for field in governed if (sql := reduction.expression(field))}
        if left:
            yield reduction, left


def with_lists(settings: Sequence[str]) -> list[str]:
    """Return the settings, and the switches whose lists are among them."""
    every: list[Reduction | Listing] = [*_reductions, *_listings.values()]
    return [*settings, *(each.switch for each in every if each.detail in settings)]


def reduce_rows(model: Any, left: Left, where: str, parameters: Mapping[str, Any]) -> int:
    """Bring columns to what is left of them, on the rows of `where`. Cost: 1 query."""
    # What is absent stays so: the expression of an absent list would be an empty one.
    sets = [
        f"{column} = CASE WHEN {column} IS NOT NULL THEN {sql} END" for column, sql in left.items()
    ]
    held = [f"({name} IS NOT NULL AND {name} IS DISTINCT FROM {sql})" for name, sql in left.items()]
    sql = f"UPDATE {model._meta.db_table} SET {', '.join(sets)} WHERE {where} AND ({' OR '.join(held)})"
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return int(cursor.rowcount)
