"""Celery doors of binaries."""

from celery import shared_task

from apps.binaries import upkeep
from apps.core import clock
from apps.events.tasks import UPKEEP


@shared_task(name=upkeep.PRESENCE, **UPKEEP)
def refresh_presence(**_later: object) -> None:  # survives a newer caller
    """Recompute on how many devices of each entity programs ran, and of packages what changed."""
    upkeep.refresh_presence(now=clock.now())


@shared_task(name=upkeep.RECOUNT, **UPKEEP)
def recount_packages(**_later: object) -> None:
    """Recompute on how many devices of each entity packages are installed."""
    upkeep.recount_packages(now=clock.now())


@shared_task(name=upkeep.DESCRIBE, **UPKEEP)
def describe_binaries(**_later: object) -> None:
    """Describe binaries by what most devices say of them."""
    upkeep.describe_binaries(now=clock.now())


@shared_task(name=upkeep.PURGE, **UPKEEP)
def purge_orphans(**_later: object) -> None:
    """Remove binaries and packages to which nothing refers any more."""
    upkeep.purge_orphans(now=clock.now())
