"""Foreign keys of event tables: Django must neither check nor walk them (storage.md 2)."""

from typing import Any

from django.db import models


def event_link(to: str, **options: Any) -> models.ForeignKey[Any, Any]:
    """Return a foreign key of an event table."""
    return models.ForeignKey(
        to,
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        db_index=False,
        related_name="+",
        **options,
    )
