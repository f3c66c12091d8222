"""Facts about devices and their rows, in words."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from apps.core.admin.detail import Visit, part_link
from apps.core.admin.values import Fact, Table, columns, moment_html, number_text
from apps.core.formats import (
    NOTHING,
    bytes_text,
    duration_text,
    is_for_machines,
    machine_text,
    ratio_text,
)
from apps.core.scope import Scope
from apps.devices.choices import ChangeProperty
from apps.devices.models import Device, DeviceChange
from apps.events import retention
from apps.events.metrics import Counter, Metric
from apps.organization.models import Entity

LIST_TITLES: Mapping[str, Any] = {
    "antiviruses": gettext_lazy("Antivirus"),
    "batteries": gettext_lazy("Battery"),
    "cpus": gettext_lazy("Processor"),
    "disks": gettext_lazy("Disk"),
    "firewalls": gettext_lazy("Firewall"),
    "gpus": gettext_lazy("Graphics processor"),
    "local_admins": gettext_lazy("Number of local administrators"),
    "memory_modules": gettext_lazy("Memory module"),
    "monitors": gettext_lazy("Monitor"),
    "network_adapters": gettext_lazy("Network adapter"),
    "volumes": gettext_lazy("Volume"),
}


def model_text(device: Device) -> str:
    """Return maker and model, "" where none is known."""
    maker, model = device.hardware_manufacturer, device.hardware_model
    return model if model.startswith(maker) else f"{maker} {model}".strip()


def expiry_text(device: Device, now: datetime) -> str:
    """Return when the device goes with everything about it, unless it is heard again."""
    return moment_html(retention.end_of(retention.INVENTORY, device.last_seen_at), now)


def head_facts(device: Device, visit: Visit) -> list[Fact]:
    """Return what stands at the head of a device's page."""
    boot = moment_html(device.boot_last_full_boot_time_at, visit.now)
    duration = device.boot_last_full_boot_duration_ms
    return [
        Fact(
            _("Name"), visit.scope.show(device, "name"), hint=str(visit.scope.show(device, "uid"))
        ),
        Fact(_("Entity"), part_link(device.entity, visit.scope)),
        Fact(_("Model"), model_text(device), hint=device.get_hardware_type_display()),
        Fact(
            _("Operating system"),
            device.operating_system_name or device.get_operating_system_platform_display(),
        ),
        Fact(_("Memory"), bytes_text(device.hardware_memory_bytes)),
        Fact(_("Last seen"), moment_html(device.last_seen_at, visit.now)),
        Fact(
            _("Last full boot"),
            boot,
            hint=_("took %s") % duration_text(duration) if duration is not None else "",
        ),
        Fact(_("First seen"), moment_html(device.first_seen_at, visit.now)),
        Fact(_("Expires"), expiry_text(device, visit.now), hint=_("without new activity")),
    ]


def measure_text(column: str, value: float | None) -> str:
    """Return a measured value with the unit that its column's name tells."""
    if is_for_machines():
        return machine_text(value)
    if value is None:
        return NOTHING
    if "_bytes_per_s" in column:
        return f"{bytes_text(value)}/s"
    if "_bytes" in column:
        return bytes_text(value)
    if "_ms" in column:
        return duration_text(value)
    if "_ratio" in column:
        return ratio_text(value)
    if "_bps" in column:
        return rate_text(value)
    if "_dbm" in column:
        return f"{number_text(value)} dBm"
    return number_text(value, 0 if float(value).is_integer() else 2)


def rate_text(rate_bps: float) -> str:
    """Return a bit rate with decimal units, as makers give it: "1.2 Gbit/s"."""
    for size, unit in ((10**9, "Gbit/s"), (10**6, "Mbit/s"), (10**3, "kbit/s")):
        if rate_bps >= size:
            return f"{number_text(rate_bps / size, 1)} {unit}"
    return f"{number_text(rate_bps)} bit/s"


def item_text(change: DeviceChange) -> str:
    """Return what changed: the title of a fact, or of a list and its column."""
    name, _dot, column = change.item.partition(".")
    if name in LIST_TITLES:
        title = str(LIST_TITLES[name])
        return f"{title}: {column.replace('_', ' ')}" if column else title
    known = {field.name: field for field in Device._meta.concrete_fields}
    return str(known[name].help_text).rstrip(".") if name in known else name


def value_text(change: DeviceChange, name: str, scope: Scope) -> str:
    """Return a value as the caller may see it; of many changes in one row how many there are."""
    if change.number_of_changes > 1 and name == "new_value" and not change.new_value:
        number = change.number_of_changes
        return ngettext("%d more", "%d more", number) % number
    value = str(scope.show(change, name))
    if change.property == ChangeProperty.ENTITY and not _may_see_entity(value, scope):
        return ""
    return value


def _may_see_entity(name: str, scope: Scope) -> bool:
    """Return whether the caller sees an entity of that name. Cost: 1 query where not all are seen.

    A device that moved takes along what it says of the place where it was.
    """
    seen = Entity.objects.permitted_to(scope)
    return scope.is_unrestricted or seen.filter(name=name).exists()


def mean(row: Any, metric: str) -> float | None:
    """Return the mean of a gauge, None where nothing was read."""
    total, count = getattr(row, f"{metric}_sum"), getattr(row, f"{metric}_count")
    return total / count if total is not None and count else None


def metric_table(row: Any, metrics: Mapping[str, Metric], *, daily: bool) -> Table:
    """Return the metrics of a row that have a value."""
    lines = []
    for name, metric in metrics.items():
        total = getattr(row, f"{name}_sum")
        if total is None:
            continue
        if isinstance(metric, Counter):
            low, high = (
                getattr(row, f"{name}_{part}", None) if daily else None for part in ("min", "max")
            )
            values = [measure_text(name, total), NOTHING]
        else:
            low, high = getattr(row, f"{name}_min"), getattr(row, f"{name}_max")
            values = [NOTHING, measure_text(name, mean(row, name))]
        lines.append(
            [
                metric.title or name,
                *values,
                measure_text(name, low),
                measure_text(name, high),
                metric.help_text,
            ]
        )
    return Table(
        caption=_("Measured values"),
        columns=columns(
            _("Metric"),
            _("Sum"),
            _("Mean"),
            _("Least"),
            _("Greatest"),
            _("Meaning"),
            numbers=[1, 2, 3, 4],
        ),
        rows=lines,
        empty=_("This row holds no value."),
    )
