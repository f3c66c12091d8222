"""What `manage.py doctor` asks about collectors."""

from datetime import datetime, timedelta

from apps.collectors.models import Collector
from apps.core import health
from apps.core.health import Finding

SILENCE = timedelta(days=7)


def silent_collectors(now: datetime) -> Finding:
    """Say how many collectors have not been heard of for a week."""
    silent = Collector.objects.active().silent_since(now - SILENCE)[:10_000].count()
    if silent:
        return Finding("warning", f"Collectors silent for over 7 days: {silent}.")
    return Finding("ok", "No collector has been silent for over 7 days.")


health.register("collectors.silent", silent_collectors)
