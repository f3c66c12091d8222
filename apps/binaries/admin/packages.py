"""Administration of packages: what is installed where."""

from collections.abc import Sequence
from typing import Any

from django.contrib import admin
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from apps.binaries import charts
from apps.binaries.admin.places import (
    entities_table,
    presence_facts,
    tell_last_seen,
    versions,
    versions_table,
)
from apps.binaries.models import InstalledPackage, Package
from apps.core import clock
from apps.core.admin import DetailAdmin, Visit, reads
from apps.core.admin.detail import object_link
from apps.core.admin.fleet import FleetMixin
from apps.core.admin.values import Fact, Section, Table, columns, moment_html
from apps.core.scope import Scope
from apps.organization.values_filter import CustomFieldFilter
from apps.organization.values_page import CustomValuesMixin, sections_of

TABLES, CHARTS = "admin/core/section_tables.html", "admin/binaries/charts.html"
DEVICES_SHOWN = 20


@admin.register(Package)
class PackageAdmin(FleetMixin, CustomValuesMixin, DetailAdmin):
    """Programs and updates that are installed on the devices of the account's view domain."""

    empty_text = _(
        "No installed program was reported yet. Devices report them once an hour, if installed "
        "programs are collected."
    )

    list_display: Sequence[Any] = [
        "name",
        "version",
        "publisher",
        "type",
        "platform",
        "source",
        "seen",
    ]
    list_filter = ["type", "platform", "source", "architecture", CustomFieldFilter]
    search_fields = ["name", "publisher"]
    fleet_fields = frozenset({"last_seen_at", "first_seen_at"})
    search_help_text = _("Search by name or publisher")
    ordering = ["-last_seen_at", "-pk"]
    list_per_page = 50
    show_full_result_count = False
    actions = None

    @display(description=_("Last seen"), ordering="last_seen_at")
    def seen(self, package: Package) -> str:
        """Return when a device that has it reported last."""
        return moment_html(package.last_seen_at, clock.now())

    def own_figures(self, rows: Sequence[Package], scope: Scope) -> None:
        """Show when the caller's devices had them last. Cost: 1 query."""
        tell_last_seen(rows, scope)

    def facts(self, obj: Package, visit: Visit) -> Sequence[Fact]:
        """Return what is known of it. Cost: 1 query."""
        return [
            Fact(_("Version"), obj.version),
            Fact(_("Publisher"), obj.publisher),
            Fact(_("Type"), obj.get_type_display(), hint=obj.parent_name),
            Fact(_("Platform"), obj.get_platform_display(), hint=obj.get_architecture_display()),
            Fact(_("Source"), obj.get_source_display()),
            *presence_facts(obj, visit, str(_("Devices"))),
        ]

    def opened(self, request: Any, obj: Package, visit: Visit) -> None:
        """Record whose devices the page shows. Cost: 1 query where it shows any."""
        reads.record(request, reads.of_part((obj._meta.label_lower, str(obj.pk)), visit.seen))

    def sections(self, obj: Package, visit: Visit) -> Sequence[Section]:
        """Return where it is, and how it came there. Cost: at most 7 queries."""
        entities = {"tables": [entities_table(obj, visit, str(_("Devices that have it")))]}
        alike = versions_table(obj, versions(obj, visit), visit)
        found = [
            Section("places", _("Where it is installed"), TABLES, entities),
            Section("versions", _("Versions"), TABLES, {"tables": [alike]}),
            *sections_of(obj, visit),
        ]
        if visit.may("binaries.view_packageinstallation"):
            data = charts.changes(obj, visit)
            found.append(
                Section("changes", _("Installations over time"), CHARTS, data, is_wide=True)
            )
        if visit.may("binaries.view_installedpackage"):
            data = {"tables": [_devices_table(obj, visit)]}
            found.append(Section("devices", _("Devices"), TABLES, data, is_wide=True))
        return found


def _devices_table(package: Package, visit: Visit) -> Table:
    """Return the devices on which it appeared last. Cost: 1 query."""
    rows = (
        InstalledPackage.objects.permitted_to(visit.scope)
        .filter(package=package)
        .select_related("device")
        .order_by("-first_seen_at", "-pk")[:DEVICES_SHOWN]
    )
    newest = list(rows)
    visit.saw(newest)
    return Table(
        caption=_("Devices on which it appeared last"),
        columns=columns(_("Device"), _("Installed"), _("First seen")),
        rows=[
            [
                object_link(row.device, visit.scope),
                moment_html(row.installation_time_at, visit.now),
                moment_html(row.first_seen_at, visit.now),
            ]
            for row in newest
        ],
        empty=_("It is on no device of your view domain any more."),
    )
