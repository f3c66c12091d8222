"""Times that a device tells, moved by what its clock is off and checked (collector.md 10)."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from operator import attrgetter
from typing import Any, TypeVar

import msgspec
from msgspec import inspect

from apps.events import codec, retention
from apps.events.choices import RefusalCode
from apps.events.constants import FUTURE_TOLERANCE_SECONDS
from apps.events.kinds import AnyKind, SampledKind
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


class Clock:
    """Times of one kind's records: corrected, put on their grid, checked against now.

    The buckets of a batch are few, so each is looked at once.
    """

    def __init__(self, kind: AnyKind, shift: timedelta, received_at: datetime) -> None:
        self.name = kind.model.TIME_FIELD
        self.seconds = kind.bucket_seconds if isinstance(kind, SampledKind) else 0
        self.shift = shift
        self.oldest = retention.oldest_kept(kind.retention, received_at)
        self.latest = received_at + timedelta(seconds=FUTURE_TOLERANCE_SECONDS)

    def times_of(self, records: Sequence[Any]) -> list[datetime | None]:
        """Return the instant of each record, UTC; None where `time_of` says why there is none."""
        told = list(map(attrgetter(self.name), records))
        if told.count(told[0]) == len(told):  # of one bucket, as most are: no need to hash them
            return [self._or_none(told[0])] * len(told)
        corrected = {moment: self._or_none(moment) for moment in set(told)}
        return list(map(corrected.get, told))

    def time_of(self, record: Any) -> datetime:
        """Return the instant of one record, UTC.

        Raises:
            Refused: too old, in the future, or off the grid.
        """
        return self._corrected(getattr(record, self.name))

    def _or_none(self, told: datetime) -> datetime | None:
        try:
            return self._corrected(told)
        except Refused:
            return None

    def _corrected(self, told: datetime) -> datetime:
        try:
            moment = (told + self.shift).astimezone(UTC)
        except OverflowError as error:
            raise Refused(RefusalCode.INVALID, self.name) from error
        if self.seconds:
            moment = self._on_grid(moment)
        if moment < self.oldest:
            raise Refused(RefusalCode.TOO_OLD, self.name)
        if moment > self.latest:
            raise Refused(RefusalCode.IN_FUTURE, self.name)
        return moment

    def _on_grid(self, moment: datetime) -> datetime:
        off_grid = (moment - codec.POSTGRES_EPOCH) % timedelta(seconds=self.seconds)
        if off_grid and not self.shift:
            raise Refused(RefusalCode.INVALID, self.name)
        return moment - off_grid


def _is_instant(kind: inspect.Type) -> bool:
    kinds = kind.types if isinstance(kind, inspect.UnionType) else (kind,)
    return any(isinstance(one, inspect.DateTimeType) for one in kinds)
