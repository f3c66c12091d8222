"""Every periodic task, in one table; `manage.py sync_schedule` brings it to django-celery-beat.

An administrator may move a task in the console, and disable one that may be disabled; the list
itself is the code's.
"""

from dataclasses import dataclass
from datetime import timedelta

from django.utils.translation import gettext_noop as _


@dataclass(frozen=True, slots=True)
class Periodic:
    """One task.

    every: an interval, or a crontab as (minute, hour) in the instance's zone.
    why: shown to administrators, in their language.
    """

    task: str
    every: timedelta | tuple[str, str]
    why: str
    queue: str = "maintenance"
    may_be_disabled: bool = False


SCHEDULE: tuple[Periodic, ...] = (
    Periodic(
        "audit.make_partitions",
        ("10", "0"),
        _("Makes the audit log's tables of the coming week."),
    ),
    Periodic(
        "events.rotate_partitions",
        timedelta(hours=1),
        _("Makes the tables of the coming days and drops those past their retention."),
    ),
    Periodic(
        "events.roll_up",
        timedelta(minutes=10),
        _("Recomputes the daily figures of days that ended or changed."),
    ),
    Periodic(
        "events.purge_batch_notes",
        ("20", "3"),
        _("Forgets batches that no collector sends again."),
    ),
    Periodic(
        "binaries.refresh_presence",
        timedelta(minutes=10),
        _("Recomputes on how many devices of each entity programs ran."),
    ),
    Periodic(
        "gdpr.purge_inventory",
        ("30", "2"),
        _("Removes devices and users without activity, with everything about them."),
    ),
    Periodic(
        "gdpr.fold_persons",
        ("40", "2"),
        _("Takes persons out of daily figures past their term."),
    ),
    Periodic(
        "gdpr.purge_aged",
        ("50", "2"),
        _("Removes old counts, stubs of collectors and days of the audit log."),
    ),
    Periodic(
        "collectors.settle_configurations",
        timedelta(minutes=1),
        _("Puts announced configurations in force when their time has come."),
    ),
    Periodic(
        "collectors.run_jobs",
        timedelta(minutes=1),
        _("Deletes what a narrowing took away, and makes names pseudonyms, once it was asked for."),
    ),
    Periodic(
        "collectors.refresh_losses",
        timedelta(hours=1),
        _("Counts for each device what was lost and refused of it in 30 days."),
    ),
    Periodic(
        "devices.classify_fleet",
        timedelta(minutes=1),
        _("Puts devices into the entities and sites of the rules after these were changed."),
    ),
    Periodic(
        "devices.count_fleet",
        timedelta(minutes=5),
        _("Counts the devices of each entity for the start page."),
    ),
    Periodic(
        "devices.fill_fields",
        timedelta(minutes=1),
        _("Fills custom fields of devices after their rules were changed."),
    ),
    Periodic(
        "devices.refill_fields",
        ("10", "4"),
        _("Has the rules of custom fields and the sites asked again for all devices."),
    ),
    Periodic(
        "core.lapse_approvals",
        timedelta(minutes=10),
        _("Closes requests for approval that nobody answered within 72 hours."),
    ),
    Periodic(
        "users.close_silent_sessions",
        timedelta(hours=1),
        _("Ends sessions of which nothing is heard any more."),
    ),
    Periodic(
        "users.refresh_use",
        ("15", "2"),
        _("Recomputes which devices one person uses, and which rights users hold."),
    ),
    Periodic(
        "binaries.describe_binaries",
        timedelta(minutes=10),
        _("Describes programs by what most devices say of them."),
    ),
    Periodic(
        "binaries.recount_packages",
        ("40", "2"),
        _("Recomputes on how many devices of each entity programs are installed."),
    ),
    Periodic(
        "binaries.purge_orphans",
        ("50", "3"),
        _("Removes programs to which nothing refers any more."),
    ),
)
