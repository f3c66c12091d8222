"""What `manage.py doctor` asks about collectors."""

from datetime import datetime, timedelta

from apps.collectors.models import CollectionJob, Collector
from apps.core import health
from apps.core.health import Finding
from apps.core.jobs import JobState

SILENCE = timedelta(days=7)


def silent_collectors(now: datetime) -> Finding:
    """Say how many collectors have not been heard of for a week."""
    silent = Collector.objects.active().silent_since(now - SILENCE)[:10_000].count()
    if silent:
        return Finding("warning", f"Collectors silent for over 7 days: {silent}.")
    return Finding("ok", "No collector has been silent for over 7 days.")


def failed_jobs(now: datetime) -> Finding:
    """Say whether a deletion or conversion stopped: what was to go is still there."""
    failed = CollectionJob.objects.filter(state=JobState.FAILED).count()
    if failed:
        return Finding(
            "warning", f"Deletions or conversions that failed: {failed}. Try them again."
        )
    return Finding("ok", "No deletion or conversion of collected data has failed.")


health.register("collectors.silent", silent_collectors)
health.register("collectors.jobs", failed_jobs)
