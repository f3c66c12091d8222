"""Times inside what a device tells, moved by what its clock is off (collector.md 10)."""

from datetime import timedelta
from functools import lru_cache
from typing import Any, TypeVar

import msgspec
from msgspec import inspect

from apps.events.choices import RefusalCode
from apps.events.refusals import Refused

Told = TypeVar("Told", bound=msgspec.Struct)


@lru_cache(maxsize=256)
def names_of(struct: type[msgspec.Struct]) -> tuple[str, ...]:
    """Return the members of a struct that are instants."""
    info = inspect.type_info(struct)
    assert isinstance(info, inspect.StructType)
    return tuple(member.name for member in info.fields if _is_instant(member.type))


def moved(told: Told, shift: timedelta) -> Told:
    """Return a struct with `shift` added to each of its times.

    Raises:
        Refused: a time leaves the calendar.
    """
    left: dict[str, Any] = {}
    for name in names_of(type(told)) if shift else ():
        moment = getattr(told, name)
        try:
            left[name] = moment and moment + shift
        except OverflowError as error:
            raise Refused(RefusalCode.INVALID, name) from error
    return msgspec.structs.replace(told, **left) if left else told


def _is_instant(kind: inspect.Type) -> bool:
    kinds = kind.types if isinstance(kind, inspect.UnionType) else (kind,)
    return any(isinstance(one, inspect.DateTimeType) for one in kinds)
