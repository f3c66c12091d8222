"""Celery doors of the event machinery."""

import logging

from celery import shared_task
from django.db import OperationalError

from apps.core import clock
from apps.events import upkeep

logger = logging.getLogger(__name__)

UPKEEP = {
    "queue": "maintenance",
    "autoretry_for": (OperationalError,),
    "retry_backoff": 60,  # seconds, doubled at each try
    "soft_time_limit": 1_800,  # seconds
}


@shared_task(name="events.rotate_partitions", **UPKEEP)
def rotate_partitions(**_later: object) -> None:  # survives a newer caller
    """Create the partitions of the coming days and drop those past retention."""
    upkeep.rotate_partitions(now=clock.now())


@shared_task(name="events.roll_up", **UPKEEP)
def roll_up(**_later: object) -> None:
    """Close the days that ended, and recompute the daily rows of all dirty days."""
    upkeep.roll_up(now=clock.now())


@shared_task(name="events.purge_batch_notes", **UPKEEP)
def purge_batch_notes(**_later: object) -> None:
    """Forget batches older than the collectors' retry window."""
    upkeep.purge_batch_notes(now=clock.now())
