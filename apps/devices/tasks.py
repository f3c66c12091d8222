"""Celery doors of devices."""

import logging

from celery import shared_task
from django.db import OperationalError

from apps.core import clock
from apps.devices import fleet, fleet_now, ruled_fields, site_runs

logger = logging.getLogger(__name__)


@shared_task(
    name="devices.classify_fleet",
    queue="maintenance",
    autoretry_for=(OperationalError,),
    retry_backoff=60,  # seconds, doubled at each try
    soft_time_limit=1_800,  # seconds
)
def classify_fleet(**_later: object) -> None:  # survives a newer caller
    """Carry on the classification of the fleet after a change of the rules."""
    if number := fleet.run_open():
        logger.info("devices classified", extra={"number": number})


@shared_task(
    name="devices.fill_fields",
    queue="maintenance",
    autoretry_for=(OperationalError,),
    retry_backoff=60,  # seconds, doubled at each try
    soft_time_limit=1_800,  # seconds
)
def fill_fields(**_later: object) -> None:  # survives a newer caller
    """Carry on the filling of custom fields after a change of their rules."""
    if number := ruled_fields.run_waiting():
        logger.info("custom fields filled", extra={"devices": number})


@shared_task(name="devices.refill_fields", queue="maintenance", soft_time_limit=60)
def refill_fields(**_later: object) -> None:  # survives a newer caller
    """Have all rules of custom fields asked again, and all sites."""
    ruled_fields.restart()
    site_runs.restart(clock.now())


@shared_task(
    name=fleet_now.TASK,
    queue="maintenance",
    autoretry_for=(OperationalError,),
    retry_backoff=60,  # seconds, doubled at each try
    soft_time_limit=240,  # seconds
)
def count_fleet(**_later: object) -> None:  # survives a newer caller
    """Count the devices of each entity anew."""
    fleet_now.refresh(now=clock.now())
