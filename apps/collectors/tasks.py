"""Celery doors of collectors."""

import logging

from celery import shared_task
from django.db import OperationalError

from apps.collectors.services import changes, jobs, refusals
from apps.core import clock

logger = logging.getLogger(__name__)

UPKEEP = {
    "queue": "maintenance",
    "autoretry_for": (OperationalError,),
    "retry_backoff": 60,  # seconds, doubled at each try
    "soft_time_limit": 1_800,  # seconds
}


@shared_task(name="collectors.settle_configurations", **UPKEEP)
def settle_configurations(**_later: object) -> None:  # survives a newer caller
    """Put announced configurations in force whose time has come."""
    if number := changes.settle_due(now=clock.now()):
        logger.info("configurations in force", extra={"number": number})


@shared_task(name="collectors.run_jobs", **UPKEEP)
def run_jobs(**_later: object) -> None:
    """Carry on deletions after a narrowing, and names that become pseudonyms."""
    if number := jobs.run_open():
        logger.info("steps of jobs done", extra={"number": number})


@shared_task(name="collectors.refresh_losses", **UPKEEP)
def refresh_losses(**_later: object) -> None:
    """Tell devices how many of their records were lost and refused in 30 days."""
    if number := refusals.refresh_losses(now=clock.now()):
        logger.info("devices with other losses", extra={"number": number})
