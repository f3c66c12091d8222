"""Celery doors of users."""

from celery import shared_task
from django.db import OperationalError

from apps.core import clock
from apps.users import upkeep


@shared_task(
    name=upkeep.CLOSE_SESSIONS,
    queue="maintenance",
    autoretry_for=(OperationalError,),
    retry_backoff=60,  # seconds, doubled at each try
    soft_time_limit=600,  # seconds
)
def close_silent_sessions(**_later: object) -> None:  # survives a newer caller
    """End sessions of which nothing is heard any more."""
    upkeep.close_silent_sessions(now=clock.now())


@shared_task(
    name=upkeep.REFRESH_USE,
    queue="maintenance",
    autoretry_for=(OperationalError,),
    retry_backoff=60,  # seconds, doubled at each try
    soft_time_limit=1_800,  # seconds
)
def refresh_use(**_later: object) -> None:  # survives a newer caller
    """Say anew whose device each is, and which rights each user holds."""
    upkeep.refresh_use(now=clock.now())
