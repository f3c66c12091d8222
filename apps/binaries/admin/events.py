"""Rows of executions, crashes, connections and installations, to look at."""

from collections.abc import Sequence
from typing import Any

from django.contrib import admin
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from apps.binaries.choices import DestinationType
from apps.binaries.metrics import CONNECTION, EXECUTION
from apps.binaries.models import (
    ConnectionDaily,
    ConnectionSample,
    ExecutionCrash,
    ExecutionDaily,
    ExecutionSample,
    PackageInstallation,
    PackageUninstallation,
)
from apps.core.admin import CompletionFilter, Visit, made_of
from apps.core.admin.columns import Column
from apps.core.admin.events import WindowFilter
from apps.core.admin.values import Fact, number_text, yes_no
from apps.core.formats import NOTHING, bytes_text, duration_text, ratio_text
from apps.core.http import ScopedRequest
from apps.devices.admin import DeviceEventAdmin
from apps.devices.facts import mean

NO_DAY = _(
    "No day was rolled up in this time. A day is summed up an hour after it ends; choose a "
    "longer time."
)


class _ProgramEventAdmin(DeviceEventAdmin):
    """Rows about a program.

    shown_fields: columns of the model that list and page show as far as the caller may see them;
    page_fields: those of the page alone.
    """

    list_select_related = ["device", "user", "binary"]
    shown_fields: Sequence[str] = ()
    page_fields: Sequence[str] = ()

    def links(self) -> dict[str, Any]:
        """Lead to device, program and user."""
        return {**super().links(), "binary": _("Program"), "user": _("User")}

    def facts(self, obj: Any, visit: Visit) -> Sequence[Fact]:
        """Add what the list has no room for, as far as the caller may see it."""
        more = [
            Fact(obj._meta.get_field(name).verbose_name, visit.scope.show(obj, name))
            for name in [*self.shown_fields, *self.page_fields]
        ]
        return [*super().facts(obj, visit), *more]

    def get_list_display(self, request: ScopedRequest) -> Sequence[Column]:
        """End with the columns of the model that may be hidden."""
        shown = [self._shown(request, name) for name in self.shown_fields]
        return [*super().get_list_display(request), *shown]


class _ExecutionAdmin(_ProgramEventAdmin):
    """What samples and days show alike."""

    list_filter = [WindowFilter, ("binary", CompletionFilter)]
    list_display = ["ran_for", "processor_time", "memory", "traffic"]
    metrics = EXECUTION

    @made_of("execution_duration_ms_sum")
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
        return traffic_text(row)


@admin.register(ExecutionSample)
class ExecutionSampleAdmin(_ExecutionAdmin):
    """Quarters of an hour."""


@admin.register(ExecutionDaily)
class ExecutionDailyAdmin(_ExecutionAdmin):
    """Days, derived from the quarters."""

    default_window = "7d"
    is_daily = True
    empty_text = NO_DAY


@admin.register(ExecutionCrash)
class ExecutionCrashAdmin(_ProgramEventAdmin):
    """Crashes of programs."""

    empty_text = _(
        "No crash was reported in this time. Devices report crashes if executions are collected."
    )

    list_display = ["crashes", "how", "on_start", "error", "place"]
    list_filter = [
        WindowFilter,
        ("binary", CompletionFilter),
        "kind",
        "process_visibility",
        "binary_path_root",
    ]
    page_fields = ["binary_path", "module_name"]

    @display(description=_("Crashes"))
    def crashes(self, crash: ExecutionCrash) -> str:
        """Return how many there were in that minute."""
        return number_text(crash.number_of_crashes)

    @display(description=_("How"))
    def how(self, crash: ExecutionCrash) -> str:
        """Return how it ended, and whether somebody saw it."""
        parts = [crash.get_kind_display(), crash.get_process_visibility_display()]
        return ", ".join(str(part) for part in parts if part) or NOTHING

    @display(description=_("On start"))
    def on_start(self, crash: ExecutionCrash) -> str:
        """Return whether it had just started."""
        return yes_no(crash.crash_on_start)

    @display(description=_("Error"))
    def error(self, crash: ExecutionCrash) -> str:
        """Return the exception or signal."""
        return crash.error_code or NOTHING

    @display(description=_("Place"))
    def place(self, crash: ExecutionCrash) -> str:
        """Return where the program lies, roughly."""
        return crash.get_binary_path_root_display() or NOTHING


class _ConnectionAdmin(_ProgramEventAdmin):
    """What samples and days show alike."""

    empty_text = _(
        "No connection was reported in this time. Devices report them if network connections are "
        "collected."
    )
    list_display = ["to", "port", "attempts", "failed", "established_in", "traffic"]
    list_filter = [WindowFilter, ("binary", CompletionFilter), "protocol"]
    metrics = CONNECTION

    @display(description=_("To"))
    def to(self, row: Any) -> str:
        """Return where the destination lies."""
        return str(DestinationType(row.destination_type).label)

    @display(description=_("Port"))
    def port(self, row: Any) -> str:
        """Return protocol and port."""
        port = NOTHING if row.destination_port is None else row.destination_port
        return f"{row.get_protocol_display()} {port}"

    @display(description=_("Attempts"))
    def attempts(self, row: Any) -> str:
        """Return how often it tried to connect."""
        return number_text(row.number_of_connections_sum)

    @display(description=_("Failed"))
    def failed(self, row: Any) -> str:
        """Return the share that failed."""
        return ratio_text(row.failed_connection_ratio)

    @display(description=_("Established in"))
    def established_in(self, row: Any) -> str:
        """Return how long it took to connect, on average."""
        return duration_text(mean(row, "connection_establishment_time_ms"))

    @display(description=_("Traffic"))
    def traffic(self, row: Any) -> str:
        """Return what was received and sent."""
        return traffic_text(row)


@admin.register(ConnectionSample)
class ConnectionSampleAdmin(_ConnectionAdmin):
    """Quarters of an hour."""

    shown_fields = ["destination_domain", "destination_ip"]
    page_fields = ["destination_country"]


@admin.register(ConnectionDaily)
class ConnectionDailyAdmin(_ConnectionAdmin):
    """Days, derived from the quarters."""

    default_window = "7d"
    is_daily = True
    empty_text = NO_DAY
    shown_fields = ["destination_domain", "destination_private_ip"]
    page_fields = ["destination_country"]


class _ChangeAdmin(DeviceEventAdmin):
    """What installations and uninstallations show alike."""

    empty_text = _(
        "No change was seen in this time. A change is seen by the next scan of a device; its first "
        "scan tells of none."
    )
    list_filter = [WindowFilter, ("package", CompletionFilter)]
    list_select_related = ["device", "user", "package"]

    def links(self) -> dict[str, Any]:
        """Lead to device, package and user."""
        return {**super().links(), "package": _("Package"), "user": _("User")}

    @display(description=_("Version"))
    def version(self, row: Any) -> str:
        """Return the version that came or left."""
        return row.package.version or NOTHING


@admin.register(PackageInstallation)
class PackageInstallationAdmin(_ChangeAdmin):
    """Packages that appeared."""

    list_display = ["version", "previous"]

    @display(description=_("Previous version"))
    def previous(self, row: PackageInstallation) -> str:
        """Return what it took the place of, for an upgrade."""
        return row.previous_version or NOTHING


@admin.register(PackageUninstallation)
class PackageUninstallationAdmin(_ChangeAdmin):
    """Packages that left."""

    list_display = ["version"]


def traffic_text(row: Any) -> str:
    """Return what a row received and sent, a dash where it does not tell."""
    parts = [row.incoming_traffic_bytes_sum, row.outgoing_traffic_bytes_sum]
    known = [part for part in parts if part is not None]
    return bytes_text(sum(known)) if known else NOTHING
