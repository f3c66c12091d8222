"""What needs attention on a device: the first thing that its page says."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from apps.core.admin.detail import Visit
from apps.core.admin.values import FULL_FROM, NEARLY_FULL_FROM, Fact, badge
from apps.core.formats import bytes_text, duration_text, ratio_text
from apps.devices.choices import (
    DiskHealth,
    FirewallProtection,
    InventoryState,
    RealTimeProtection,
    UpToDate,
    UserAccountControlStatus,
)
from apps.devices.models import (
    Antivirus,
    Device,
    Disk,
    Firewall,
    HardReset,
    SystemCrash,
    Volume,
)
from apps.devices.querysets import RUNNING_LONG, SILENT, WORN_BATTERY

DAYS = 30
COUNTED_MOST = 100  # crashes and resets; more are "100"
LISTED_MOST = 200  # items of a list


def attention(device: Device, visit: Visit) -> Mapping[str, Any]:
    """Return what is wrong, as words in colours. Cost: 6 queries."""
    facts = [
        *_of_device(device, visit),
        *_of_drives(device),
        *_of_protection(device),
        *_of_stops(device, visit),
    ]
    return {"facts": facts, "note": "" if facts else _("Nothing that was reported needs a look.")}


def _of_device(device: Device, visit: Visit) -> Iterator[Fact]:
    silence = visit.now - device.last_seen_at
    if silence > SILENT:
        text = duration_text(silence / timedelta(milliseconds=1))
        yield Fact(_("Silent"), badge(_("for %s") % text, "danger"))
    if device.inventory_state == InventoryState.INCOMPLETE:
        yield Fact(_("Inventory"), badge(_("incomplete"), "warning"))
    if device.operating_system_is_restart_pending:
        yield Fact(_("Restart"), badge(_("pending"), "warning"))
    boot = device.boot_last_full_boot_time_at
    if boot is not None and visit.now - boot > RUNNING_LONG:
        days = (visit.now - boot).days
        text = ngettext("%d day ago", "%d days ago", days) % days
        yield Fact(_("Last full boot"), badge(text, "warning"))
    if device.user_account_control_status == UserAccountControlStatus.AT_RISK:
        yield Fact(_("User account control"), badge(_("at risk"), "danger"))
    if device.battery_health_ratio is not None and device.battery_health_ratio < WORN_BATTERY:
        text = _("holds %s") % ratio_text(device.battery_health_ratio)
        yield Fact(_("Battery"), badge(text, "warning"))
    if device.hardware_secure_boot_enabled is False:
        yield Fact(_("Secure boot"), badge(_("off"), "warning"))


def _of_drives(device: Device) -> Iterator[Fact]:
    for volume in Volume.objects.filter(device=device, is_system=True)[:LISTED_MOST]:
        usage = volume.usage
        if usage is not None and usage >= NEARLY_FULL_FROM:
            tone = "danger" if usage >= FULL_FROM else "warning"
            free = _("%s free") % bytes_text(volume.free_space_bytes)
            yield Fact(_("System drive"), badge(free, tone))
        if volume.is_encrypted is False:
            yield Fact(_("System drive"), badge(_("not encrypted"), "danger"))
    ill = Disk.objects.filter(device=device, health__in=[DiskHealth.WARNING, DiskHealth.FAILING])
    for disk in ill[:LISTED_MOST]:
        tone = "danger" if disk.health == DiskHealth.FAILING else "warning"
        yield Fact(_("Disk"), badge(disk.get_health_display(), tone), hint=disk.model)


def _of_protection(device: Device) -> Iterator[Fact]:
    found = list(Antivirus.objects.filter(device=device)[:LISTED_MOST])
    states = {antivirus.real_time_protection for antivirus in found}
    if RealTimeProtection.DISABLED in states and RealTimeProtection.ENABLED not in states:
        yield Fact(_("Antivirus"), badge(_("off"), "danger"))
    if any(
        antivirus.is_up_to_date == UpToDate.NO
        and antivirus.real_time_protection != RealTimeProtection.DISABLED
        for antivirus in found
    ):
        yield Fact(_("Antivirus"), badge(_("out of date"), "warning"))
    walls = set(
        Firewall.objects.filter(device=device).values_list("real_time_protection", flat=True)
    )
    if FirewallProtection.PARTIALLY_ENABLED in walls:
        yield Fact(_("Firewall"), badge(_("partly off"), "warning"))
    elif FirewallProtection.DISABLED in walls and FirewallProtection.ENABLED not in walls:
        yield Fact(_("Firewall"), badge(_("off"), "danger"))


def _of_stops(device: Device, visit: Visit) -> Iterator[Fact]:
    since = visit.now - timedelta(days=DAYS)
    kinds: list[tuple[Any, str, str]] = [
        (SystemCrash, "devices.view_systemcrash", _("System crashes")),
        (HardReset, "devices.view_hardreset", _("Hard resets")),
    ]
    for model, permission, title in kinds:
        if not visit.may(permission):
            continue
        rows = model.objects.kept().filter(device=device, occurred_at__gte=since)
        if number := len(rows.values_list("id")[:COUNTED_MOST]):
            text = ngettext("%d in 30 days", "%d in 30 days", number) % number
            yield Fact(title, badge(text, "danger" if number > 1 else "warning"))
