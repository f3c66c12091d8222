"""Celery doors of the audit log."""

import logging

from celery import shared_task
from django.db import OperationalError

from apps.audit import partitions
from apps.core.locks import advisory_lock

logger = logging.getLogger(__name__)


@shared_task(
    name="audit.make_partitions",
    queue="maintenance",
    autoretry_for=(OperationalError,),
    retry_backoff=60,  # seconds, doubled at each try
    soft_time_limit=60,  # seconds
)
def make_partitions(**_later: object) -> None:
    """Make the partitions of the coming week; those that are there stay."""
    with advisory_lock("audit.make_partitions") as acquired:
        if not acquired:  # another worker is at it
            return
        made = partitions.make()
    logger.info("Made %d days of audit partitions", made)
