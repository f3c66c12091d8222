"""What events refer to goes when nothing can refer to it any more: binaries, not persons."""

from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from apps.core.personal_data import registry
from apps.events import dimensions, kinds, retention
from apps.events.dimensions import Dimension
from apps.events.kinds import SampledKind

ROWS_PER_STEP = 1_000  # of one transaction
EXACTNESS = timedelta(days=1)  # a row's last reference is known to the hour, its event to the day


def purge_unreferenced(*, now: datetime) -> int:
    """Delete rows of dimensions whose newest event is past every term; return how many.

    Users have a term of their own: see `expiry`.
    """
    return sum(
        _purge(dimension, now)
        for dimension in dimensions.registered()
        if not _is_personal(dimension.model)
    )


def _purge(dimension: Dimension, now: datetime) -> int:
    oldest = now - _longest_term(dimension) - EXACTNESS
    model: Any = dimension.model
    deleted = 0
    while ids := list(
        model.objects.filter(last_seen_at__lt=oldest).values_list("pk", flat=True)[:ROWS_PER_STEP]
    ):
        with transaction.atomic():
            rows = model.objects.filter(pk__in=ids, last_seen_at__lt=oldest)
            deleted += rows.delete()[1].get(model._meta.label, 0)
            dimensions.bump()  # a batch that knew one of them reads anew
    return deleted


def _longest_term(dimension: Dimension) -> timedelta:
    classes = {"operational"}
    for kind in kinds.registered():
        if dimension.dictionary in kind.dimensions.values():
            classes.add(kind.retention.value)
            if isinstance(kind, SampledKind) and kind.daily_model is not None:
                classes.add(kind.daily_retention.value)
    return max(retention.term(name) for name in classes)


def _is_personal(model: Any) -> bool:
    known = registry.classification(model)
    return known is None or bool(known.keys)
