"""Binaries and packages to which nothing refers any more."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, models, transaction

from apps.binaries.models import Binary, BinaryClaim, Package, Presence
from apps.events import dimensions, kinds, retention
from apps.events.choices import Retention

ROWS_PER_DELETE = 1_000  # keeps each transaction short
# Rows of a table go with their partition, some time after their term; a clock may run ahead.
GRACE = timedelta(days=3)
HANGING = (BinaryClaim, Presence)  # what goes with a row instead of keeping it

_CANDIDATES = """
SELECT known.id FROM {table} AS known
WHERE known.last_seen_at < %(before)s AND known.id > %(after)s AND NOT ({references})
ORDER BY known.id LIMIT %(limit)s
"""
# What is referred to meanwhile was touched: it is not old any more.
_LOCK = """
SELECT id FROM {table} WHERE id = ANY(%(ids)s) AND last_seen_at < %(before)s
ORDER BY id FOR UPDATE SKIP LOCKED
"""

Reference = tuple[type[models.Model], str]  # a table and its column


def purge(*, now: datetime) -> dict[str, int]:
    """Remove what is old enough that samples and events of it are gone, and no day refers to.

    Cost: for each 1,000 old binaries a look into the index of each daily table, for as many
    packages into that of what is installed.
    """
    before = now - _longest_term() - GRACE
    binaries = _purge(Binary, [*_days_of_binaries()], before)
    packages = _purge(Package, [], before)
    if binaries:
        dimensions.bump()  # no process may hand out the id of a row that is gone
    return {"binaries_purged": binaries, "packages_purged": packages}


def _longest_term() -> timedelta:
    """Return for how long samples and events may refer to something: they have no index by it."""
    terms = [k.retention for k in kinds.registered() if "binaries" in k.dimensions.values()]
    return timedelta(days=max(map(retention.days_kept, {*terms, Retention.OPERATIONAL})))


def _days_of_binaries() -> Iterator[Reference]:
    """Yield the daily tables that refer to binaries."""
    for kind in kinds.sampled():
        for column, dictionary in kind.dimensions.items():
            if dictionary == "binaries" and kind.daily_model:
                yield kind.daily_model, f"{column}_id"


def _references(model: type[models.Model]) -> Iterator[Reference]:
    """Yield what keeps a row: every table with a foreign key to it but those that hang on it."""
    for relation in model._meta.related_objects:
        if relation.related_model not in HANGING and relation.field.column:
            yield relation.related_model, relation.field.column  # type: ignore[misc]


def _purge(model: type[models.Model], days: list[Reference], before: datetime) -> int:
    """Delete rows older than `before` to which nothing points; return how many."""
    references = " OR ".join(
        f"EXISTS (SELECT FROM {table._meta.db_table} AS row WHERE row.{column} = known.id)"
        for table, column in [*_references(model), *days]
    )
    statement = _CANDIDATES.format(table=model._meta.db_table, references=references)
    purged, after = 0, 0
    while ids := _ids(statement, before=before, after=after, limit=ROWS_PER_DELETE):
        purged += _delete(model, ids, before)
        after = ids[-1]
    return purged


def _delete(model: type[models.Model], ids: list[int], before: datetime) -> int:
    """Delete rows with what hangs on them: where they were seen, and what was said of them."""
    with transaction.atomic():
        old = _ids(_LOCK.format(table=model._meta.db_table), ids=ids, before=before)
        model._default_manager.filter(pk__in=old).delete()
    return len(old)


def _ids(statement: str, **params: Any) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(statement, params)
        return [row_id for (row_id,) in cursor.fetchall()]
