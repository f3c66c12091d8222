"""Upkeep of the event tables, to look at: what the tasks did, and what the tables hold."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpResponse
from django.urls import URLPattern, path
from django.utils.functional import Promise
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from apps.core import clock
from apps.core.admin import DetailAdmin
from apps.core.admin.events import register_terms
from apps.core.admin.values import Table, columns, moment_html, number_text
from apps.core.formats import NOTHING, bytes_text, duration_text
from apps.core.http import ScopedRequest
from apps.events import kinds, partitions, retention
from apps.events.models import UpkeepRun

TASKS: dict[str, str | Promise] = {
    "events.rotate_partitions": _("Make and drop partitions"),
    "events.roll_up": _("Sum up days"),
    "events.purge_batch_notes": _("Forget old batches"),
    "binaries.refresh_presence": _("Count the devices of programs"),
    "devices.count_fleet": _("Count the fleet"),
    "gdpr.purge_inventory": _("Remove devices and users without activity"),
    "gdpr.fold_persons": _("Take persons out of old daily figures"),
    "gdpr.purge_aged": _("Forget old counts, stubs and audit days"),
    "binaries.describe_binaries": _("Describe programs"),
    "binaries.recount_packages": _("Count the devices of installed programs"),
    "binaries.purge_orphans": _("Remove programs that nothing refers to"),
}
COUNTS: dict[str, str | Promise] = {
    "created": _("partitions made"),
    "dropped": _("partitions dropped"),
    "held": _("partitions that wait for their days"),
    "days_closed": _("days closed"),
    "device_days": _("days of devices summed up"),
    "batch_notes": _("batches forgotten"),
    "upkeep_runs": _("old runs forgotten"),
    "presences_written": _("counts of programs renewed"),
    "presences_removed": _("counts of programs forgotten"),
    "fleet_written": _("counts of devices renewed"),
    "fleet_removed": _("counts of devices forgotten"),
    "devices_expired": _("devices removed"),
    "users_expired": _("users removed"),
    "rows_expired": _("rows about them removed"),
    "days_folded": _("days without persons"),
    "rows_folded": _("daily rows merged"),
    "rows_aged": _("old rows removed"),
    "audit_days": _("audit partitions dropped"),
    "log_files": _("old log files removed"),
    "daily_rows_aged": _("old daily rows removed"),
    "binaries_described": _("programs described anew"),
    "descriptions_removed": _("rare descriptions forgotten"),
    "binaries_purged": _("programs removed"),
    "packages_purged": _("installed programs removed"),
}
MILLISECONDS = 1_000


@admin.register(UpkeepRun)
class UpkeepRunAdmin(DetailAdmin):
    """What the periodic tasks did to the event tables."""

    empty_text = _(
        "No task has run yet. They run by themselves within the hour after the start; see "
        "Periodic tasks."
    )

    list_display: Sequence[Any] = ["started", "task_text", "took", "did"]
    list_filter = ["task"]
    list_display_links = None
    ordering = ["-started_at", "-pk"]
    sortable_by: Sequence[str] = ()
    show_full_result_count = False
    actions = None

    @display(description=_("When"))
    def started(self, run: UpkeepRun) -> str:
        """Return when it began."""
        return moment_html(run.started_at, clock.now())

    @display(description=_("Task"))
    def task_text(self, run: UpkeepRun) -> Any:
        """Return what it is for."""
        return TASKS.get(run.task, run.task)

    @display(description=_("Took"))
    def took(self, run: UpkeepRun) -> str:
        """Return how long it ran."""
        return duration_text((run.finished_at - run.started_at).total_seconds() * MILLISECONDS)

    @display(description=_("Did"))
    def did(self, run: UpkeepRun) -> str:
        """Return its counts in words."""
        return counts_text(run)

    def get_queryset(self, request: ScopedRequest) -> QuerySet[UpkeepRun]:
        """Return all runs: they say nothing about a device."""
        return UpkeepRun.objects.order_by(*self.ordering)

    def get_urls(self) -> list[URLPattern]:
        """Add the page of the tables."""
        view = self.admin_site.admin_view(self.storage_view)
        return [path("storage/", view, name="events_storage"), *super().get_urls()]

    def storage_view(self, request: Any) -> HttpResponse:
        """Show what each event table holds. Cost: 1 query of the catalogue."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        context = {"title": _("Storage"), **storage()}
        return self.page(request, None, "admin/events/storage.html", context)


def kept_since(model: type[Any], now: datetime) -> datetime | None:
    """Return since when rows of an event table are kept."""
    kept_for = retention.class_of(model)
    return None if kept_for is None else retention.oldest_kept(kept_for, now)


register_terms(kept_since)


def counts_text(run: UpkeepRun) -> str:
    """Return what a run did, without what it did not."""
    parts = [
        f"{number_text(number)} {COUNTS.get(name, name)}"
        for name, number in run.counts.items()
        if number
    ]
    return ", ".join(parts) or str(_("nothing to do"))


def storage() -> dict[str, Any]:
    """Return the tables with partitions, rows and bytes. Cost: 1 query."""
    sizes = {row["table"]: row for row in partitions.sizes()}
    lines = []
    for model, kept in kinds.event_models():
        size = sizes.get(model._meta.db_table, {"partitions": 0, "rows": 0, "bytes": 0})
        lines.append((model, kept, size))
    lines.sort(key=lambda line: -(line[2]["bytes"] or 0))
    total_bytes = sum(size["bytes"] or 0 for _model, _kept, size in lines)
    total_rows = sum(size["rows"] or 0 for _model, _kept, size in lines)
    return {
        "total_bytes": bytes_text(total_bytes),
        "total_rows": number_text(total_rows),
        "table": Table(
            caption=_("Event tables by size"),
            columns=columns(
                _("Table"),
                _("Kept for"),
                _("Partitions"),
                _("Rows, estimated"),
                _("Size"),
                numbers=[1, 2, 3, 4],
            ),
            rows=[
                [
                    capfirst(str(model._meta.verbose_name_plural)),
                    _("%d days") % retention.days_kept(kept),
                    number_text(size["partitions"]),
                    number_text(size["rows"]) if size["rows"] is not None else NOTHING,
                    bytes_text(size["bytes"]),
                ]
                for model, kept, size in lines
            ],
        ),
    }
