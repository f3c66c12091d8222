"""Panels on the page of a device."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.db.models import Max, Sum
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.binaries.models import Binary, ExecutionSample
from apps.core.admin.detail import Visit, list_url, object_link
from apps.core.admin.values import Table, columns, moment_html
from apps.core.formats import NOTHING, bytes_text, duration_text
from apps.devices.models import Device
from apps.devices.panels import Panel, register

SHOWN = 10


def top_binaries(device: Device, visit: Visit) -> Mapping[str, Any]:
    """Return what used the processors most in the last 24 hours. Cost: 2 queries."""
    since = visit.now - timedelta(hours=24)
    rows = (
        ExecutionSample.objects.filter(device=device, bucket__gte=since)
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
