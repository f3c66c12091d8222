"""Celery doors of retention."""

from celery import shared_task
from django.db import OperationalError

from apps.core import clock
from apps.gdpr import upkeep

UPKEEP = {
    "queue": "maintenance",
    "autoretry_for": (OperationalError,),
    "retry_backoff": 60,  # seconds, doubled at each try
    "soft_time_limit": 3_300,  # seconds; what is left is done by the next run
}


@shared_task(name=upkeep.PURGE_INVENTORY, **UPKEEP)
def purge_inventory(**_later: object) -> None:  # survives a newer caller
    """Remove devices and users without activity."""
    upkeep.purge_inventory(now=clock.now())


@shared_task(name=upkeep.FOLD_PERSONS, **UPKEEP)
def fold_persons(**_later: object) -> None:
    """Merge old daily rows without their persons."""
    upkeep.fold_persons(now=clock.now())


@shared_task(name=upkeep.PURGE_AGED, **UPKEEP)
def purge_aged(**_later: object) -> None:
    """Delete old counts, runs, stubs and sealed days of the audit log."""
    upkeep.purge_aged(now=clock.now())
