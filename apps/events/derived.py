"""Rows of tables that the server alone fills: derived from reports, see `Kind.is_derived`."""

from collections.abc import Sequence
from itertools import islice
from typing import TypeVar

from django.db import IntegrityError

from apps.events import ids
from apps.events.errors import NoPartition
from apps.events.models import Event

CHECK_VIOLATION = "23514"  # tells of a missing partition: event tables have no constraint
CHUNK_ROWS = 1_000

AnyEvent = TypeVar("AnyEvent", bound=Event)


def write(rows: Sequence[AnyEvent]) -> None:
    """Insert rows of one table, in the caller's transaction. Cost: 1 query for each 1,000.

    Raises:
        NoPartition: no partition holds a row's time; upkeep has not run.
    """
    for row, number in zip(rows, ids.draw(len(rows)), strict=True):
        row.pk = number
    left = iter(rows)
    try:
        while chunk := list(islice(left, CHUNK_ROWS)):
            type(chunk[0])._default_manager.bulk_create(chunk)
    except IntegrityError as error:
        if getattr(error.__cause__, "sqlstate", None) == CHECK_VIOLATION:
            raise NoPartition from error
        raise
