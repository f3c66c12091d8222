"""Administration of binaries: what programs are, where they run, how they do."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Sum
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from apps.accounts.http import AccountRequest
from apps.binaries import charts
from apps.binaries.admin.places import (
    entities_table,
    presence_facts,
    tell_last_seen,
    versions,
    versions_table,
)
from apps.binaries.forms import CategoryForm
from apps.binaries.models import Binary, ExecutionCrash, ExecutionSample
from apps.binaries.services import categories
from apps.core import clock
from apps.core.admin import DetailAdmin, Visit, reads
from apps.core.admin.detail import change_url, object_link
from apps.core.admin.fleet import FleetMixin
from apps.core.admin.unranked import unranked_order, unranked_table
from apps.core.admin.values import (
    Button,
    Fact,
    Section,
    Table,
    columns,
    moment_html,
    number_text,
    yes_no,
)
from apps.core.formats import bytes_text, duration_text
from apps.core.scope import Scope
from apps.devices.facts import mean
from apps.organization.values_filter import CustomFieldFilter
from apps.organization.values_page import CustomValuesMixin, sections_of

TABLES, CHARTS = "admin/core/section_tables.html", "admin/binaries/charts.html"
RUNS_SHOWN = 20
RUNS_SPAN = timedelta(hours=1)
CRASH_DAYS = 30


@admin.register(Binary)
class BinaryAdmin(FleetMixin, CustomValuesMixin, DetailAdmin):
    """Programs that ran on the devices of the account's view domain."""

    empty_text = _(
        "No program was reported yet. Devices report programs each quarter of an hour, if "
        "executions are collected."
    )

    list_display: Sequence[Any] = [
        "name",
        "version",
        "product_name",
        "company",
        "platform",
        "size",
        "product_category",
        "seen",
    ]
    list_filter = ["platform", "architecture", "has_user_interface", CustomFieldFilter]
    search_fields = ["name", "company", "product_name", "sha256_hash"]
    fleet_fields = frozenset({"last_seen_at", "first_seen_at"})
    search_help_text = _("Search by name, maker, product or SHA-256")
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

    def own_figures(self, rows: Sequence[Binary], scope: Scope) -> None:
        """Show when the caller's devices had them last. Cost: 1 query."""
        tell_last_seen(rows, scope)

    def facts(self, obj: Binary, visit: Visit) -> Sequence[Fact]:
        """Return what is known of the file. Cost: 1 query."""
        return [
            Fact(_("Version"), obj.version),
            Fact(_("Platform"), obj.get_platform_display(), hint=obj.get_architecture_display()),
            Fact(_("Size"), bytes_text(obj.size_bytes)),
            Fact(_("Maker"), obj.company),
            Fact(_("Product"), obj.product_name, hint=obj.description),
            Fact(_("Category"), obj.product_category, hint=obj.product_subcategory),
            Fact(_("Has a window"), yes_no(obj.has_user_interface)),
            *presence_facts(obj, visit, str(_("Devices in the last 30 days"))),
            Fact(_("SHA-256"), obj.sha256_hash),
            Fact(_("SHA-1"), obj.sha1_hash),
            Fact(_("MD5"), obj.md5_hash),
        ]

    def notice(self, obj: Binary, visit: Visit) -> Any:
        """Say what the pseudo-binary is."""
        if not obj.is_other:
            return ""
        return _(
            "This is no program: it stands for all that used less than 50 ms of processor time in "
            "a quarter of an hour and showed no window."
        )

    def buttons(self, obj: Binary, visit: Visit) -> Sequence[Button]:
        """Return the ways to its category and fields, for those who may change them."""
        found = list(super().buttons(obj, visit))
        if not visit.may("binaries.change_binary"):
            return found
        address = reverse("admin:binaries_binary_category", args=[obj.pk])
        return [Button(_("Set the category"), address, "category"), *found]

    def opened(self, request: AccountRequest, obj: Binary, visit: Visit) -> None:
        """Record whose executions the page shows. Cost: 1 query where it shows any."""
        reads.record(request, reads.of_part((obj._meta.label_lower, str(obj.pk)), visit.seen))

    def sections(self, obj: Binary, visit: Visit) -> Sequence[Section]:
        """Return where and how it runs. Cost: at most 9 queries."""
        entities = {"tables": [entities_table(obj, visit, str(_("Devices of the last 30 days")))]}
        found = [
            Section("places", _("Where it runs"), TABLES, entities),
            Section("versions", _("Versions"), TABLES, {"tables": [_versions(obj, visit)]}),
            *sections_of(obj, visit),
        ]
        if visit.may("binaries.view_executiondaily"):
            data = charts.usage(obj, visit)
            found.append(Section("usage", _("Use of the devices"), CHARTS, data, is_wide=True))
        if visit.may("binaries.view_executioncrash"):
            data = charts.crashes(obj, visit)
            found.append(Section("crashes", _("Crashes"), CHARTS, data, is_wide=True))
        if visit.may("binaries.view_executionsample"):
            runs = _latest_runs(obj, visit)
            visit.saw(runs)
            tables = {"tables": [_runs_table(runs, visit)]}
            found.append(Section("runs", _("Recent executions"), TABLES, tables, is_wide=True))
        return found

    def get_urls(self) -> list[URLPattern]:
        """Add the page of the category."""
        page = path(
            "<path:object_id>/category/",
            self.admin_site.admin_view(self.category),
            name="binaries_binary_category",
        )
        return [page, *super().get_urls()]

    def category(self, request: Any, object_id: str) -> HttpResponse:
        """Show the form of the category, and save it."""
        binary = self.found(request, object_id)
        if "binaries.change_binary" not in request.scope.permissions:
            raise PermissionDenied
        form = CategoryForm(request.POST or None, instance=binary)
        if request.method == "POST" and form.is_valid():
            return self._categorised(request, binary, form)
        context = {"form": form, "back": change_url(binary)}
        return self.page(request, binary, "admin/binaries/category.html", context)

    def _categorised(
        self, request: AccountRequest, binary: Binary, form: CategoryForm
    ) -> HttpResponse:
        categories.categorise(
            binary=binary,
            category=form.cleaned_data["product_category"],
            subcategory=form.cleaned_data["product_subcategory"],
            actor=request.user,
            now=clock.now(),
        )
        self.message_user(request, _("The category is saved."), messages.SUCCESS)
        return HttpResponseRedirect(change_url(binary))


def _versions(binary: Binary, visit: Visit) -> Table:
    """Return versions side by side, with their crashes. Cost: at most 3 queries."""
    found = versions(binary, visit)
    if not visit.may("binaries.view_executioncrash"):
        return versions_table(binary, found, visit)
    crashes = _crashes([row.pk for row, _devices in found], visit)
    cells = {row.pk: [number_text(crashes.get(row.pk, 0))] for row, _devices in found}
    return versions_table(binary, found, visit, [str(_("Crashes in 30 days"))], cells)


def _crashes(binary_ids: Sequence[int], visit: Visit) -> Mapping[int, int]:
    """Return the crashes of binaries in 30 days. Cost: 1 query."""
    since = visit.now - timedelta(days=CRASH_DAYS)
    rows = ExecutionCrash.objects.permitted_to(visit.scope).filter(
        binary_id__in=binary_ids, occurred_at__gte=since
    )
    return dict(rows.values_list("binary_id").annotate(Sum("number_of_crashes")).order_by())


def _latest_runs(binary: Binary, visit: Visit) -> list[ExecutionSample]:
    """Return the newest runs. Cost: 2 queries; no index knows binaries, so it reads an hour's rows."""
    since = visit.now - RUNS_SPAN
    rows = ExecutionSample.objects.permitted_to(visit.scope).filter(
        binary=binary, bucket__gte=since
    )
    order = unranked_order(ExecutionSample, ["-bucket", "-id"], visit.scope)
    return list(rows.select_related("device", "user").order_by(*order)[:RUNS_SHOWN])


def _runs_table(runs: Sequence[ExecutionSample], visit: Visit) -> Table:
    table = Table(
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
    appraising = {0: "bucket", 3: "execution_duration_ms_sum"}
    return unranked_table(table, visit.scope, ExecutionSample, appraising)
