"""Panels of this app on the page of a device."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.core.admin.detail import Visit, list_url
from apps.core.admin.values import (
    Fact,
    Table,
    absolute_text,
    badge,
    columns,
    moment_html,
    usage_bar,
    yes_no,
)
from apps.core.formats import NOTHING, bytes_text, duration_text
from apps.devices import charts
from apps.devices.choices import DiskHealth
from apps.devices.models import Boot, Device, Disk, Volume
from apps.devices.panels import Panel, register

BOOTS_SHOWN = 8
BOOT_DAYS = 30
ITEMS_SHOWN = 50  # disks, volumes
HEALTH_TONES = {
    DiskHealth.OK: "success",
    DiskHealth.WARNING: "warning",
    DiskHealth.FAILING: "danger",
}


def inventory(device: Device, visit: Visit) -> Mapping[str, Any]:
    """Return what the device is made of and runs. Cost: 2 queries."""
    return {
        "facts": [*_hardware(device, visit), *_system(device, visit)],
        "tables": [_volumes(device, visit), _disks(device, visit)],
    }


def performance(device: Device, visit: Visit) -> Mapping[str, Any]:
    """Return charts of a day or a week. Cost: 2 queries."""
    return charts.performance(device, visit.now, visit.query.get("range", ""))


def boots(device: Device, visit: Visit) -> Mapping[str, Any]:
    """Return the newest boots. Cost: 1 query."""
    since = visit.now - timedelta(days=BOOT_DAYS)
    rows = Boot.objects.filter(device=device, occurred_at__gte=since)
    return {
        "tables": [
            Table(
                caption=_("Boots of the last 30 days"),
                columns=columns(_("When"), _("How"), _("Duration"), _("Updates"), numbers=[2]),
                rows=[
                    [
                        moment_html(boot.occurred_at, visit.now),
                        boot.get_type_display(),
                        duration_text(boot.duration_ms),
                        yes_no(boot.is_update_boot),
                    ]
                    for boot in rows.order_by("-occurred_at", "-id")[:BOOTS_SHOWN]
                ],
                empty=_("No boot was reported in the last 30 days."),
                more=list_url(Boot, device=device.pk, window="30d"),
            )
        ]
    }


def _hardware(device: Device, visit: Visit) -> list[Fact]:
    return [
        Fact(_("Manufacturer"), device.hardware_manufacturer),
        Fact(_("Product line"), device.hardware_product_line),
        Fact(_("Serial number"), visit.scope.show(device, "hardware_machine_serial_number")),
        Fact(_("Firmware"), device.hardware_firmware_version),
        Fact(_("TPM"), device.hardware_tpm_version),
        Fact(_("Secure boot"), yes_no(device.hardware_secure_boot_enabled)),
    ]


def _system(device: Device, visit: Visit) -> list[Fact]:
    installed, updated = (
        device.operating_system_installation_time_at,
        device.operating_system_last_update_at,
    )
    return [
        Fact(_("Version"), device.operating_system_version),
        Fact(_("Build or kernel"), device.operating_system_build),
        Fact(_("Architecture"), device.get_operating_system_architecture_display()),
        Fact(_("Domain or workgroup"), device.group_name),
        Fact(_("Installed"), absolute_text(installed) if installed else NOTHING),
        Fact(_("Last system update"), moment_html(updated, visit.now)),
        Fact(_("Restart pending"), yes_no(device.operating_system_is_restart_pending)),
    ]


def _volumes(device: Device, visit: Visit) -> Table:
    rows = Volume.objects.filter(device=device).select_related("device")
    if not visit.scope.may_hide(Volume, "mount_point"):  # else its order would tell of it
        rows = rows.order_by("-is_system", "mount_point", "pk")
    else:
        rows = rows.order_by("-is_system", "pk")
    return Table(
        caption=_("Volumes"),
        columns=columns(
            _("Mounted at"),
            _("In use"),
            _("Free"),
            _("Size"),
            _("File system"),
            _("Encrypted"),
            numbers=[2, 3],
        ),
        rows=[
            [
                visit.scope.show(volume, "mount_point" if volume.mount_point else "name"),
                usage_bar(_usage(volume), _("Share in use")),
                bytes_text(volume.free_space_bytes),
                bytes_text(volume.size_bytes),
                volume.file_system or NOTHING,
                yes_no(volume.is_encrypted),
            ]
            for volume in rows[:ITEMS_SHOWN]
        ],
        empty=_("No volumes were reported yet."),
    )


def _disks(device: Device, visit: Visit) -> Table:
    return Table(
        caption=_("Disks"),
        columns=columns(
            _("Name"),
            _("Model"),
            _("Type"),
            _("Size"),
            _("Health"),
            _("Serial number"),
            numbers=[3],
        ),
        rows=[
            [
                disk.name or NOTHING,
                " ".join(part for part in (disk.manufacturer, disk.model) if part) or NOTHING,
                disk.get_type_display(),
                bytes_text(disk.size_bytes),
                badge(disk.get_health_display(), HEALTH_TONES.get(DiskHealth(disk.health), "")),
                visit.scope.show(disk, "serial_number") or NOTHING,
            ]
            for disk in Disk.objects.filter(device=device)
            .select_related("device")
            .order_by("name", "pk")[:ITEMS_SHOWN]
        ],
        empty=_("No disks were reported yet."),
    )


def _usage(volume: Volume) -> float | None:
    if not volume.size_bytes or volume.free_space_bytes is None:
        return None
    return 1 - volume.free_space_bytes / volume.size_bytes


register(
    Panel(
        "performance",
        gettext_lazy("Performance"),
        10,
        performance,
        template="admin/devices/performance.html",
        permission="devices.view_performancesample",
        is_wide=True,
    )
)
register(Panel("inventory", gettext_lazy("Inventory"), 20, inventory, is_wide=True))
register(Panel("boots", gettext_lazy("Boots"), 30, boots, permission="devices.view_boot"))
