"""What a record tells of people, which is not kept outside work hours (privacy.md 2)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from apps.core.personal_data.classes import BEHAVIOUR, field_class
from apps.events.kinds import AnyKind, SampledKind


@dataclass(frozen=True, slots=True)
class Personal:
    """What of a kind's records is of people: who it was, where they were, what they did.

    users: the dimensions that name somebody. fields: plain fields. metrics: those of what people
    do, such as their focus, whoever they are.
    """

    users: Sequence[str]
    fields: Sequence[str]
    metrics: Sequence[str]

    @classmethod
    def of(cls, kind: AnyKind) -> Personal:
        """Return what of a kind's records is of people; all empty where nothing is."""
        users = [c for c, dictionary in kind.dimensions.items() if dictionary == "users"]
        # Of what names nobody, a measure is one of the device.
        measured = kind.metrics if users and isinstance(kind, SampledKind) else {}
        metrics = [
            name
            for name, metric in measured.items()
            if field_class(metric.personal).value is BEHAVIOUR
        ]
        return cls(users, kind.work_hours_fields, metrics)

    def __bool__(self) -> bool:
        return bool(self.users or self.fields)

    def is_in(self, record: Any) -> bool:
        """Return whether a record tells anything of people."""
        return (
            any(getattr(record, name) is not None for name in self.users)
            or any(getattr(record.fields, name) for name in self.fields)
            or any(getattr(record.metrics, name) is not None for name in self.metrics)
        )

    def without(self, record: Any) -> Any:
        """Return the record as it is of the device alone."""
        left: dict[str, Any] = dict.fromkeys(self.users)
        if self.fields:
            left["fields"] = msgspec.structs.replace(record.fields, **dict.fromkeys(self.fields))
        if self.metrics:
            left["metrics"] = msgspec.structs.replace(record.metrics, **dict.fromkeys(self.metrics))
        return msgspec.structs.replace(record, **left)
