"""Celery doors of devices."""

import logging

from celery import shared_task
from django.db import OperationalError

from apps.devices import fleet

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
