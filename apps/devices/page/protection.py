"""What protects a device, and who may change that."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from apps.core.admin.detail import Visit
from apps.core.admin.values import Fact, Table, badge, columns, yes_no
from apps.core.formats import NOTHING
from apps.devices.choices import FirewallProtection, RealTimeProtection, UpToDate
from apps.devices.models import Antivirus, Device, Firewall, LocalAdmin

ITEMS_SHOWN = 50  # of one list
TONES: Mapping[str, str] = {
    RealTimeProtection.ENABLED: "success",
    RealTimeProtection.DISABLED: "danger",
    FirewallProtection.PARTIALLY_ENABLED: "warning",
    UpToDate.YES: "success",
    UpToDate.NO: "warning",
}


def security(device: Device, visit: Visit) -> Mapping[str, Any]:
    """Return antiviruses, firewalls and local administrators. Cost: 3 queries."""
    return {
        "facts": [
            Fact(_("User account control"), device.get_user_account_control_status_display()),
            Fact(_("Secure boot"), yes_no(device.hardware_secure_boot_enabled)),
            Fact(_("TPM"), device.hardware_tpm_version),
        ],
        "tables": [_antiviruses(device), _firewalls(device), _local_admins(device, visit)],
    }


def _antiviruses(device: Device) -> Table:
    rows = Antivirus.objects.filter(device=device).order_by("name", "pk")
    return Table(
        caption=_("Antiviruses"),
        columns=columns(_("Product"), _("Version"), _("Protection"), _("Up to date")),
        rows=[
            [
                antivirus.name or NOTHING,
                antivirus.version or NOTHING,
                _badge(
                    antivirus.real_time_protection, antivirus.get_real_time_protection_display()
                ),
                _badge(antivirus.is_up_to_date, antivirus.get_is_up_to_date_display()),
            ]
            for antivirus in rows[:ITEMS_SHOWN]
        ],
        empty=_("No antivirus was reported."),
    )


def _firewalls(device: Device) -> Table:
    rows = Firewall.objects.filter(device=device).order_by("name", "pk")
    return Table(
        caption=_("Firewalls"),
        columns=columns(_("Product or profile"), _("Protection")),
        rows=[
            [
                firewall.name or NOTHING,
                _badge(firewall.real_time_protection, firewall.get_real_time_protection_display()),
            ]
            for firewall in rows[:ITEMS_SHOWN]
        ],
        empty=_("No firewall was reported."),
    )


def _local_admins(device: Device, visit: Visit) -> Table:
    rows = LocalAdmin.objects.filter(device=device).select_related("device")
    order = "pk" if visit.scope.may_hide(LocalAdmin, "name") else "name"  # it would tell of names
    return Table(
        caption=_("Local administrators"),
        columns=columns(_("Name"), _("Which")),
        rows=[
            [visit.scope.show(admin, "name"), admin.get_type_display()]
            for admin in rows.order_by(order)[:ITEMS_SHOWN]
        ],
        empty=_("No local administrators were reported, or the configuration keeps them out."),
    )


def _badge(value: str, text: str) -> str:
    return badge(text, TONES.get(value, ""))
