"""Administration of binaries: programs and what they did, to look at."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.contrib import admin
from django.db.models import Max, Sum
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from apps.accounts.http import AccountRequest
from apps.binaries.metrics import EXECUTION
from apps.binaries.models import Binary, ExecutionDaily, ExecutionSample, Presence
from apps.core import clock
from apps.core.admin import DetailAdmin, Visit, reads
from apps.core.admin.detail import object_link
from apps.core.admin.values import Fact, Section, Table, columns, moment_html, number_text
from apps.core.formats import NOTHING, bytes_text, duration_text
from apps.devices.admin import DeviceEventAdmin
from apps.devices.facts import mean

TABLES = "admin/core/section_tables.html"
RUNS_SHOWN = 20
RUNS_SPAN = timedelta(hours=1)


@admin.register(Binary)
class BinaryAdmin(DetailAdmin):
    """Programs that ran on the devices of the account's view domain."""

    empty_text = _(
        "No program was reported yet. Devices report programs each quarter of an hour, if "
        "executions are collected."
    )

    list_display: Sequence[Any] = ["name", "version", "platform", "size", "company", "seen"]
    list_filter = ["platform", "architecture"]
    search_fields = ["name", "company", "sha256_hash"]
    search_help_text = _("Search by name, maker or SHA-256")
    ordering = ["-last_seen_at", "-pk"]
    list_per_page = 50
    show_full_result_count = False
    actions = None

    @display(description=_("Size"), ordering="size_bytes")
    def size(self, binary: Binary) -> str:
        """Return the size of the file."""
        return bytes_text(binary.size_bytes)

    @display(description=_("Last seen"), ordering="last_seen_at")
    def seen(self, binary: Binary) -> str:
        """Return when data about it came last."""
        return moment_html(binary.last_seen_at, clock.now())

    def facts(self, obj: Binary, visit: Visit) -> Sequence[Fact]:
        """Return what is known of the file. Cost: 1 query."""
        seen = Presence.objects.permitted_to(visit.scope).filter(binary=obj)
        known = seen.aggregate(devices=Sum("devices"), last=Max("last_seen_at"))
        last = obj.last_seen_at if visit.scope.is_unrestricted else known["last"]
        return [
            Fact(_("Version"), obj.version),
            Fact(_("Platform"), obj.get_platform_display(), hint=obj.get_architecture_display()),
            Fact(_("Size"), bytes_text(obj.size_bytes)),
            Fact(_("Maker"), obj.company),
            Fact(_("Product"), obj.product_name),
            Fact(_("Devices in the last 30 days"), number_text(known["devices"] or 0)),
            Fact(_("Last seen"), moment_html(last, visit.now)),
            Fact(_("First seen"), moment_html(obj.first_seen_at, visit.now)),
            Fact(_("SHA-256"), obj.sha256_hash),
        ]

    def opened(self, request: AccountRequest, obj: Binary, visit: Visit) -> None:
        """Record whose executions the page shows. Cost: 1 query where it shows any."""
        reads.record(request, reads.of_part((obj._meta.label_lower, str(obj.pk)), visit.seen))

    def sections(self, obj: Binary, visit: Visit) -> Sequence[Section]:
        """Return the newest runs. Cost: 1 query."""
        if not visit.may("binaries.view_executionsample"):
            return []
        runs = _latest_runs(obj, visit)
        visit.saw(runs)
        data = {"tables": [_runs_table(runs, visit)]}
        return [Section("runs", _("Recent executions"), TABLES, data, is_wide=True)]


class _ExecutionAdmin(DeviceEventAdmin):
    """What samples and days show alike."""

    list_display = ["ran_for", "processor_time", "memory", "traffic"]
    list_select_related = ["device", "user", "binary"]
    metrics = EXECUTION

    def links(self) -> dict[str, Any]:
        """Lead to device, program and user."""
        return {**super().links(), "binary": _("Program"), "user": _("User")}

    @display(description=_("Ran for"))
    def ran_for(self, row: Any) -> str:
        """Return how long at least one process ran."""
        return duration_text(row.execution_duration_ms_sum)

    @display(description=_("Processor time"))
    def processor_time(self, row: Any) -> str:
        """Return the time on all processors."""
        return duration_text(row.cpu_time_ms_sum)

    @display(description=_("Memory"))
    def memory(self, row: Any) -> str:
        """Return the resident memory, on average."""
        return bytes_text(mean(row, "real_memory_bytes"))

    @display(description=_("Traffic"))
    def traffic(self, row: Any) -> str:
        """Return what was received and sent."""
        parts = [row.incoming_traffic_bytes_sum, row.outgoing_traffic_bytes_sum]
        known = [part for part in parts if part is not None]
        return bytes_text(sum(known)) if known else NOTHING


@admin.register(ExecutionSample)
class ExecutionSampleAdmin(_ExecutionAdmin):
    """Quarters of an hour."""


@admin.register(ExecutionDaily)
class ExecutionDailyAdmin(_ExecutionAdmin):
    """Days, derived from the quarters."""

    is_daily = True
    empty_text = _(
        "No day was rolled up in this time. A day is summed up an hour after it ends; choose a "
        "longer time."
    )


def _latest_runs(binary: Binary, visit: Visit) -> list[ExecutionSample]:
    """Return the newest runs. Cost: 1 query; no index knows binaries, so it reads an hour's rows."""
    since = visit.now - RUNS_SPAN
    rows = ExecutionSample.objects.permitted_to(visit.scope).filter(
        binary=binary, bucket__gte=since
    )
    return list(rows.select_related("device", "user").order_by("-bucket", "-id")[:RUNS_SHOWN])


def _runs_table(runs: Sequence[ExecutionSample], visit: Visit) -> Table:
    return Table(
        caption=_("Executions of the last hour"),
        columns=columns(
            _("When"),
            _("Device"),
            _("User"),
            _("Ran for"),
            _("Processor time"),
            _("Memory"),
            numbers=[3, 4, 5],
        ),
        rows=[
            [
                moment_html(row.bucket, visit.now),
                object_link(row.device, visit.scope),
                object_link(row.user, visit.scope),
                duration_text(row.execution_duration_ms_sum),
                duration_text(row.cpu_time_ms_sum),
                bytes_text(mean(row, "real_memory_bytes")),
            ]
            for row in runs
        ],
        empty=_("It did not run in the last hour, on a device of your view domain."),
    )
