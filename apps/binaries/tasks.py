"""Celery doors of binaries."""

from celery import shared_task
from django.db import OperationalError

from apps.binaries import upkeep
from apps.core import clock


@shared_task(
    name=upkeep.TASK,
    queue="maintenance",
    autoretry_for=(OperationalError,),
    retry_backoff=60,  # seconds, doubled at each try
    soft_time_limit=1_800,  # seconds
)
def refresh_presence(**_later: object) -> None:  # survives a newer caller
    """Recompute on how many devices of each entity each binary ran."""
    upkeep.refresh_presence(now=clock.now())
