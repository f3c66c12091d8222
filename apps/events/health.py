"""What `manage.py doctor` asks about the event tables."""

from datetime import UTC, datetime, timedelta

from apps.core import health
from apps.core.health import Finding
from apps.events import partitions
from apps.events.models import DirtyDay

AHEAD_NEEDED = timedelta(days=2)
DIRTY_TOLERATED = timedelta(hours=6)


def partitions_ahead(now: datetime) -> Finding:
    """Say whether the tables of the next days are ready."""
    missing = partitions.make_plan(now=now).creations
    soon = [p for p in missing if p.start <= (now + AHEAD_NEEDED).astimezone(UTC).date()]
    if soon:
        return Finding(
            "error",
            f"{len(soon)} partitions are missing, first {soon[0].name}: run events.rotate_partitions.",
        )
    if missing:
        return Finding("warning", f"{len(missing)} partitions of the coming days are not made yet.")
    return Finding("ok", "The tables of the coming days are ready.")


def roll_up_keeps_up(now: datetime) -> Finding:
    """Say whether daily rows are recomputed in time."""
    waiting = DirtyDay.objects.filter(marked_at__lt=now - DIRTY_TOLERATED)[:1_000].count()
    if waiting:
        return Finding("warning", f"{waiting} device days wait for the roll-up for over 6 hours.")
    return Finding("ok", "Daily rows are up to date.")


health.register("events.partitions", partitions_ahead)
health.register("events.roll_up", roll_up_keeps_up)
