"""Registry of inventory parts: what a device is, reported as a state instead of events."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any, Protocol

import msgspec
from django.core.exceptions import ImproperlyConfigured

from apps.events.policy import Policy, switch_of
from apps.events.refusals import Refused

Permitted = Callable[[Any, Policy], Any]


class Apply(Protocol):
    """Bring a device's stored part to the reported state."""

    def __call__(
        self, *, device_id: int, state: Any, policy: Policy, now: datetime
    ) -> Sequence[Refused] | None:
        """Write `state`: a struct of an object part, the list of structs of a list part.

        Returned is what of it was refused alone, if anything; its path begins at the report.
        """


@dataclass(frozen=True, kw_only=True)
class Part:
    """One part of the inventory.

    name: as the collector calls it.
    struct: the fields of the object, or of one item of the list.
    is_list: whether the part is a list.
    field_switches: field -> collection switch; a denied field is emptied and counted.
    switch: the switch of the part as a whole.
    items_limit: how many items a list may have; a longer one is refused before it is decoded.
    permitted: field -> its switch, and what of a value that switch leaves; a loss is counted.
    is_about_people: whether it means nothing outside work hours, and is dropped then.
    work_hours_fields: fields that are left out outside work hours: they tell where people are.
    """

    name: str
    struct: type[msgspec.Struct]
    apply: Apply
    is_list: bool
    items_limit: int = 500
    switch: str | None = None
    field_switches: Mapping[str, str] = field(default_factory=dict)
    permitted: Mapping[str, tuple[str, Permitted]] = field(default_factory=dict)
    is_about_people: bool = False
    work_hours_fields: tuple[str, ...] = ()

    def asks_for(self, switch: str) -> bool:
        """Return whether a switch decides on the part, or on one of its fields."""
        needed = [self.switch, *self.field_switches.values()]
        needed += [name for name, _permitted in self.permitted.values()]
        return switch in map(switch_of, needed)


# By rule SHA-256 in hex; whatever it is, PostgreSQL must be able to hold it.
Hash = Annotated[str, msgspec.Meta(pattern=r"^[\x21-\x7e]{1,64}\Z")]


class Report(msgspec.Struct, frozen=True):
    """One entry of the batch's `inventory`: a full state, or a hash that says nothing changed."""

    part: str
    hash: Hash
    base: Hash | None = None
    full: bool = False
    fields: msgspec.Raw = msgspec.Raw()  # empty where missing: msgspec takes no Raw in a union
    items: msgspec.Raw = msgspec.Raw()
    add: Sequence[msgspec.Raw] = ()
    remove: Sequence[msgspec.Raw] = ()


_parts: dict[str, Part] = {}


def register(part: Part) -> None:
    """Add a part; called from the module `inventory` of an app, imported in `ready()`."""
    if part.name in _parts:
        raise ImproperlyConfigured(f"Inventory part {part.name} is registered twice.")
    _parts[part.name] = part


def find(name: str) -> Part | None:
    """Return the part of that name, None if nobody registered it."""
    return _parts.get(name)


def registered() -> Iterator[Part]:
    """Yield every part."""
    yield from _parts.values()
