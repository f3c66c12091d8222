"""What the periodic tasks of retention do, each safe to run twice and at once."""

from collections.abc import Callable, Mapping
from datetime import datetime

from apps.audit import services as audit
from apps.audit.choices import AuditCode
from apps.events import upkeep
from apps.events.models import UpkeepRun
from apps.gdpr.services import ageing, expiry, folding

PURGE_INVENTORY = "gdpr.purge_inventory"
FOLD_PERSONS = "gdpr.fold_persons"
PURGE_AGED = "gdpr.purge_aged"


def purge_inventory(*, now: datetime) -> UpkeepRun | None:
    """Remove devices and users without activity, with everything about them."""
    now = upkeep.believed(now)
    return _run(PURGE_INVENTORY, expiry.purge_inventory, now)


def fold_persons(*, now: datetime) -> UpkeepRun | None:
    """Merge old daily rows without their persons."""
    return _run(FOLD_PERSONS, folding.fold_due_days, upkeep.believed(now))


def purge_aged(*, now: datetime) -> UpkeepRun | None:
    """Delete old counts, runs, stubs and sealed days of the audit log."""
    return _run(PURGE_AGED, ageing.purge_aged, upkeep.believed(now))


def _run(task: str, work: Callable[..., Mapping[str, int]], now: datetime) -> UpkeepRun | None:
    """Do the work unless another worker is at it; leave a trace in the audit log of what went."""
    return upkeep.run(task, lambda: _traced(task, work(now=now), now), now=now)


def _traced(task: str, counts: Mapping[str, int], now: datetime) -> dict[str, int]:
    removed = {name: number for name, number in counts.items() if number}
    if removed:
        audit.record(
            code=AuditCode.RETENTION_PURGED,
            object_kind="task",
            object_label=task,
            detail=removed,
            at=now,
        )
    return dict(counts)
