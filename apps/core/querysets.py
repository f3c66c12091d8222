"""Reads of the instance's own row."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models

from apps.core import clock

if TYPE_CHECKING:
    from apps.core.models import Instance

_cached: list[Instance] = []


class InstanceManager(models.Manager["Instance"]):
    """Finds the one row."""

    def current(self) -> Instance:
        """Return the instance, making it where it is missing. Cost: one query per process."""
        if not _cached:
            row, _ = self.get_or_create(id=1, defaults={"created_at": clock.now()})
            _cached.append(row)
        return _cached[0]

    def forget(self) -> None:
        """Read the row again at the next call: it was changed, or the database emptied."""
        _cached.clear()
