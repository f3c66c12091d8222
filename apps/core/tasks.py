"""Celery doors of the foundations."""

from celery import shared_task
from django.db import OperationalError

from apps.core import clock
from apps.core.approvals import services


@shared_task(
    name="core.lapse_approvals",
    queue="maintenance",
    autoretry_for=(OperationalError,),
    retry_backoff=60,  # seconds, doubled at each try
    soft_time_limit=300,  # seconds
)
def lapse_approvals(**_later: object) -> None:  # survives a newer caller
    """Close the requests for approval that nobody answered in time."""
    services.lapse_due(now=clock.now())
