"""Dictionaries of a batch: entries that its records refer to, turned into ids."""

import contextlib
from collections import Counter as Tally
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from operator import attrgetter
from typing import Any

from apps.events import dimensions
from apps.events.choices import RefusalCode
from apps.events.dimensions import Origin
from apps.events.kinds import AnyKind
from apps.events.policy import switch_of
from apps.events.refusals import Refused, Undecodable, from_validation
from apps.events.wire import Envelope


class References:
    """The batch's dictionaries: entries that records refer to, turned into ids."""

    def __init__(self, batch: Envelope, origin: Origin, *, generation: int, now: datetime) -> None:
        self.batch = batch
        self.origin = origin
        self.generation = generation
        self.now = now
        # By dictionary and number: the identity, None if the policy denies it, or why it is refused.
        self.entries: dict[str, dict[int, str | Refused | None]] = {}
        self.rows: dict[str, dict[str, Mapping[str, Any]]] = {}
        self.ids: dict[str, dict[int | None, int]] = {}

    def want(self, kind: AnyKind, records: list[Any]) -> None:
        """Read the entries that `records` of one kind refer to."""
        for column, dictionary in kind.dimensions.items():
            known = self.entries.setdefault(dictionary, {})
            recalled = self.ids.setdefault(dictionary, {})
            numbers = set(map(attrgetter(column), records)) - known.keys() - {None}
            recalled |= self._recall(dictionary, numbers - recalled.keys())
            numbers -= recalled.keys()
            for number in numbers:
                known[number] = self._read(dictionary, str(number))

    def resolve(self, *, before_lookup: Callable[[], None] | None) -> None:
        """Turn the entries that were read into ids."""
        for dictionary, rows in self.rows.items():
            found = dimensions.resolve(
                dimensions.find(dictionary),
                rows,
                device_id=self.origin.device_id,
                now=self.now,
                generation=self.generation,
                before_lookup=before_lookup,
            )
            self.ids[dictionary] |= {
                number: found[identity]
                for number, identity in self.entries[dictionary].items()
                if isinstance(identity, str)
            }

    def of(self, kind: AnyKind, records: Sequence[Any]) -> list[tuple[int | None, ...]]:
        """Return the ids of each record in the order of the kind's dimensions."""
        columns = [
            map(self.ids[dictionary].get, map(attrgetter(column), records))
            for column, dictionary in kind.dimensions.items()
        ]
        return list(zip(*columns, strict=True)) if columns else [()] * len(records)

    def named_by(self, kind: AnyKind, record: Any) -> dict[str, Mapping[str, Any] | None]:
        """Return the row of each entry that a record refers to, by dimension; None for a bad one.

        Nothing is made of it: the record may be denied.
        """
        found: dict[str, Mapping[str, Any] | None] = dict.fromkeys(kind.dimensions)
        for column, dictionary in kind.dimensions.items():
            raw = self.batch.dictionary(dictionary).get(str(getattr(record, column)))
            if raw is not None:
                with contextlib.suppress(*Undecodable, Refused):
                    found[column] = dimensions.find(dictionary).row(raw, self.origin)
        return found

    def explain(self, kind: AnyKind, record: Any, dropped: Tally[tuple[str, str]]) -> None:
        """Say why a reference of `record` has no id: absent, denied (counted), or wrong.

        Raises:
            Refused: an entry is missing or wrong.
        """
        for column, dictionary in kind.dimensions.items():
            number = getattr(record, column)
            if number not in self.ids.get(dictionary, {}):
                self._explain(kind, column, dictionary, number, dropped)

    def _explain(
        self,
        kind: AnyKind,
        column: str,
        dictionary: str,
        number: int | None,
        dropped: Tally[tuple[str, str]],
    ) -> None:
        """Refuse a wrong reference, count a denied one; an absent one is fine if it may be."""
        if number is None:
            if column in kind.required:
                raise Refused(RefusalCode.INVALID, column)
            return
        entry = self.entries[dictionary][number]
        if isinstance(entry, Refused):
            raise entry if entry.path else Refused(RefusalCode(entry.code), column)
        switch = switch_of(dimensions.find(dictionary).switch)
        dropped[kind.name, switch or dictionary] += 1

    def _recall(self, dictionary: str, numbers: set[int]) -> dict[int | None, int]:
        """Return the ids of entries that came before in just this form, by number."""
        entries = self.batch.dictionary(dictionary)
        return dimensions.recall(
            dimensions.find(dictionary),
            {number: raw for number in numbers if (raw := entries.get(str(number))) is not None},
            origin=self.origin,
            now=self.now,
            generation=self.generation,
        )

    def _read(self, dictionary: str, number: str) -> str | Refused | None:
        raw = self.batch.dictionary(dictionary).get(number)
        if raw is None:
            return Refused(RefusalCode.UNKNOWN_REFERENCE)
        try:
            row = dimensions.find(dictionary).row(raw, self.origin)
        except Undecodable as error:
            refused = from_validation(error)
            return Refused(RefusalCode(refused.code), "", dictionary, number, *refused.path)
        except Refused as refused:
            return Refused(RefusalCode(refused.code), "", dictionary, number, *refused.path)
        if row is None:
            return None
        self.rows.setdefault(dictionary, {})[row["identity"]] = row
        return str(row["identity"])
