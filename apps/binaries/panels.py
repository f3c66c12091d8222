"""Panels on the page of a device."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from django.db.models import Max, Q, Sum
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.binaries.models import (
    Binary,
    ExecutionCrash,
    ExecutionSample,
    InstalledPackage,
)
from apps.core.admin.detail import Visit, list_url, object_link
from apps.core.admin.values import Table, columns, moment_html, number_text
from apps.core.formats import NOTHING, bytes_text, duration_text
from apps.devices.models import Device
from apps.devices.panels import Panel, register

SHOWN = 10
CRASHES_SHOWN, CRASH_DAYS = 10, 30
PACKAGES_SHOWN, PACKAGES_MOST = 25, 10_000
SEARCH_LENGTH = 100


def top_binaries(device: Device, visit: Visit) -> Mapping[str, Any]:
    """Return what used the processors most in the last 24 hours. Cost: 2 queries."""
    since = visit.now - timedelta(hours=24)
    rows = (
        ExecutionSample.objects.kept()
        .filter(device=device, bucket__gte=since)
        .values("binary_id")
        .annotate(
            cpu_ms=Sum("cpu_time_ms_sum"),
            ran_ms=Sum("execution_duration_ms_sum"),
            memory=Max("real_memory_bytes_max"),
            last=Max("bucket"),
        )
        .order_by("-cpu_ms", "binary_id")
    )
    top = [row for row in rows[: SHOWN * 2] if row["cpu_ms"] is not None][:SHOWN]
    known = Binary.objects.in_bulk([row["binary_id"] for row in top])
    return {
        "tables": [
            Table(
                caption=_("Programs of the last 24 hours by processor time"),
                columns=columns(
                    _("Program"),
                    _("Version"),
                    _("Processor time"),
                    _("Ran for"),
                    _("Memory, peak"),
                    _("Last"),
                    numbers=[2, 3, 4],
                ),
                rows=[
                    [
                        object_link(binary, visit.scope),
                        (binary.version if binary else "") or NOTHING,
                        duration_text(row["cpu_ms"]),
                        duration_text(row["ran_ms"]),
                        bytes_text(row["memory"]),
                        moment_html(row["last"], visit.now),
                    ]
                    for row in top
                    for binary in [known.get(row["binary_id"])]
                ],
                empty=_("No program was reported in the last 24 hours, or they are not collected."),
                more=list_url(ExecutionSample, device=device.pk),
            )
        ]
    }


def crashes(device: Device, visit: Visit) -> Mapping[str, Any]:
    """Return the newest crashes of programs. Cost: 1 query."""
    since = visit.now - timedelta(days=CRASH_DAYS)
    rows = ExecutionCrash.objects.kept().filter(device=device, occurred_at__gte=since)
    newest = rows.select_related("binary").order_by("-occurred_at", "-id")[:CRASHES_SHOWN]
    return {
        "tables": [
            Table(
                caption=_("Crashes of the last 30 days"),
                columns=columns(
                    _("When"), _("Program"), _("Version"), _("Crashes"), _("Error"), numbers=[3]
                ),
                rows=[
                    [
                        moment_html(crash.occurred_at, visit.now),
                        object_link(crash.binary, visit.scope),
                        crash.binary.version or NOTHING,
                        number_text(crash.number_of_crashes),
                        crash.error_code or NOTHING,
                    ]
                    for crash in newest
                ],
                empty=_("No crash was reported in the last 30 days, or they are not collected."),
                more=list_url(ExecutionCrash, device=device.pk, window="30d"),
            )
        ]
    }


def installed(device: Device, visit: Visit) -> Mapping[str, Any]:
    """Return a page of what is installed, by name. Cost: 1 query.

    The address says which: `packages` is searched for, `packages_from` is the first row's number.
    """
    searched = visit.query.get("packages", "").replace("\0", "").strip()[:SEARCH_LENGTH]
    start = _number(visit.query.get("packages_from", ""))
    rows = InstalledPackage.objects.filter(device=device).select_related("package")
    if searched:
        rows = rows.filter(
            Q(package__name__icontains=searched) | Q(package__publisher__icontains=searched)
        )
    ordered = rows.order_by("package__name", "package__version", "pk")
    found = list(ordered[start : start + PACKAGES_SHOWN + 1])
    return {
        "searched": searched,
        "table": _installed_table(found[:PACKAGES_SHOWN], device, visit, searched),
        "previous": _page(searched, start - PACKAGES_SHOWN) if start else "",
        "next": _page(searched, start + PACKAGES_SHOWN) if len(found) > PACKAGES_SHOWN else "",
    }


def _installed_table(
    rows: list[InstalledPackage], device: Device, visit: Visit, searched: str
) -> Table:
    nothing = _("No installed program was reported, or they are not collected.")
    return Table(
        caption=_("Installed programs and updates, by name"),
        columns=columns(
            _("Name"), _("Version"), _("Publisher"), _("Type"), _("Installed"), _("First seen")
        ),
        rows=[
            [
                object_link(row.package, visit.scope),
                row.package.version or NOTHING,
                row.package.publisher or NOTHING,
                row.package.get_type_display(),
                moment_html(row.installation_time_at, visit.now),
                moment_html(row.first_seen_at, visit.now),
            ]
            for row in rows
        ],
        empty=_("Nothing of that name is installed.") if searched else nothing,
    )


def _number(text: str) -> int:
    """Return the number of a row, 0 for anything else."""
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 6 else 0
    return min(number, PACKAGES_MOST)


def _page(searched: str, start: int) -> str:
    return "?" + urlencode({"packages": searched, "packages_from": max(start, 0)})


register(
    Panel(
        "binaries",
        gettext_lazy("Programs"),
        70,
        top_binaries,
        permission="binaries.view_executionsample",
        is_wide=True,
    )
)
register(
    Panel(
        "program-crashes",
        gettext_lazy("Crashes of programs"),
        72,
        crashes,
        permission="binaries.view_executioncrash",
        is_wide=True,
    )
)
register(
    Panel(
        "packages",
        gettext_lazy("Installed programs"),
        75,
        installed,
        template="admin/binaries/installed.html",
        permission="binaries.view_installedpackage",
        is_wide=True,
    )
)
