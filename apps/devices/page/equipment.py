"""What a device is built of and runs."""

from collections.abc import Iterator, Mapping
from typing import Any

from django.utils.translation import gettext as _

from apps.core.admin.detail import Visit
from apps.core.admin.values import (
    Fact,
    Table,
    absolute_text,
    badge,
    columns,
    moment_html,
    number_text,
    usage_bar,
    yes_no,
)
from apps.core.formats import NOTHING, bytes_text, ratio_text
from apps.devices.choices import DiskHealth
from apps.devices.models import (
    Battery,
    Cpu,
    Device,
    Disk,
    Display,
    Gpu,
    MemoryModule,
    Volume,
)

ITEMS_SHOWN = 50  # of one list
HEALTH_TONES = {
    DiskHealth.OK: "success",
    DiskHealth.WARNING: "warning",
    DiskHealth.FAILING: "danger",
}


def system(device: Device, visit: Visit) -> Mapping[str, Any]:
    """Return what the device runs. Cost: none."""
    installed, updated = (
        device.operating_system_installation_time_at,
        device.operating_system_last_update_at,
    )
    facts = [
        Fact(_("Version"), device.operating_system_version),
        Fact(_("Build or kernel"), device.operating_system_build),
        Fact(_("Architecture"), device.get_operating_system_architecture_display()),
        Fact(_("Installed"), absolute_text(installed) if installed else NOTHING),
        Fact(_("Last system update"), moment_html(updated, visit.now)),
        Fact(_("Restart pending"), yes_no(device.operating_system_is_restart_pending)),
        Fact(
            _("Domain or workgroup"),
            device.group_name,
            hint=device.get_membership_type_display(),
        ),
    ]
    return {"facts": [*facts, *_of_some(device, visit)]}


def hardware(device: Device, visit: Visit) -> Mapping[str, Any]:
    """Return what the device is built of. Cost: 5 queries."""
    facts = [
        Fact(_("Manufacturer"), device.hardware_manufacturer),
        Fact(_("Product line"), device.hardware_product_line),
        Fact(_("Product version"), device.hardware_product_version),
        Fact(_("Serial number"), visit.scope.show(device, "hardware_machine_serial_number")),
        Fact(_("Chassis"), visit.scope.show(device, "hardware_chassis_serial_number")),
        Fact(_("Firmware"), device.hardware_firmware_version),
        Fact(_("Firmware serial number"), visit.scope.show(device, "hardware_bios_serial_number")),
        Fact(_("TPM"), device.hardware_tpm_version),
        Fact(_("Secure boot"), yes_no(device.hardware_secure_boot_enabled)),
    ]
    tables = [
        _cpus(device),
        _memory(device),
        _gpus(device),
        _monitors(device, visit),
        _batteries(device),
    ]
    return {"facts": facts, "tables": [table for table in tables if table.rows]}


def drives(device: Device, visit: Visit) -> Mapping[str, Any]:
    """Return volumes and disks. Cost: 2 queries."""
    return {"tables": [_volumes(device, visit), _disks(device, visit)]}


def _of_some(device: Device, visit: Visit) -> Iterator[Fact]:
    """Yield what only some devices have: a place in a directory, a virtual desktop."""
    told = [
        Fact(_("Directory path"), _shown(device, "distinguished_name", visit)),
        Fact(_("Machine SID"), _shown(device, "sid", visit)),
        Fact(_("Label"), device.configuration_tag),
        Fact(_("Virtual desktop"), device.get_virtualization_type_display()),
        Fact(_("Broker"), device.get_virtualization_desktop_broker_display()),
        Fact(_("Desktop pool"), device.virtualization_desktop_pool),
        Fact(_("Disk image"), device.virtualization_disk_image),
        Fact(_("Hypervisor"), device.virtualization_hypervisor_name),
        Fact(_("Instance size"), device.virtualization_instance_size),
        Fact(_("Region"), device.virtualization_region),
    ]
    yield from (fact for fact in told if fact.value)


def _cpus(device: Device) -> Table:
    rows = Cpu.objects.filter(device=device).order_by("name", "pk")
    return Table(
        caption=_("Processors"),
        columns=columns(
            _("Model"), _("Clock"), _("Cores"), _("Logical processors"), numbers=[1, 2, 3]
        ),
        rows=[
            [
                cpu.name or NOTHING,
                _megahertz(cpu.frequency_mhz),
                number_text(cpu.number_of_cores),
                number_text(cpu.number_of_logical_processors),
            ]
            for cpu in rows[:ITEMS_SHOWN]
        ],
    )


def _memory(device: Device) -> Table:
    rows = MemoryModule.objects.filter(device=device).order_by("slot", "pk")
    return Table(
        caption=_("Memory modules"),
        columns=columns(_("Slot"), _("Type"), _("Size"), _("Clock"), numbers=[2, 3]),
        rows=[
            [
                module.slot or NOTHING,
                module.type or NOTHING,
                bytes_text(module.size_bytes),
                _megahertz(module.speed_mhz),
            ]
            for module in rows[:ITEMS_SHOWN]
        ],
    )


def _gpus(device: Device) -> Table:
    rows = Gpu.objects.filter(device=device).order_by("name", "pk")
    return Table(
        caption=_("Graphics processors"),
        columns=columns(_("Model"), _("Memory"), _("Driver"), numbers=[1]),
        rows=[
            [gpu.name or NOTHING, bytes_text(gpu.memory_bytes), gpu.driver_version or NOTHING]
            for gpu in rows[:ITEMS_SHOWN]
        ],
    )


def _monitors(device: Device, visit: Visit) -> Table:
    rows = Display.objects.filter(device=device).select_related("device").order_by("name", "pk")
    return Table(
        caption=_("Monitors"),
        columns=columns(
            _("Model"), _("Resolution"), _("Diagonal"), _("Serial number"), numbers=[2]
        ),
        rows=[
            [
                " ".join(part for part in (monitor.manufacturer, monitor.name) if part) or NOTHING,
                monitor.resolution or NOTHING,
                f'{number_text(monitor.diagonal, 1)}"' if monitor.diagonal else NOTHING,
                visit.scope.show(monitor, "serial_number") or NOTHING,
            ]
            for monitor in rows[:ITEMS_SHOWN]
        ],
    )


def _batteries(device: Device) -> Table:
    rows = Battery.objects.filter(device=device).order_by("name", "pk")
    return Table(
        caption=_("Batteries"),
        columns=columns(
            _("Name"), _("Health"), _("Full"), _("New"), _("Cycles"), numbers=[1, 2, 3, 4]
        ),
        rows=[
            [
                " ".join(part for part in (battery.manufacturer, battery.name) if part) or NOTHING,
                ratio_text(_share(battery.full_capacity, battery.design_capacity)),
                _watt_hours(battery.full_capacity),
                _watt_hours(battery.design_capacity),
                number_text(battery.cycle_count),
            ]
            for battery in rows[:ITEMS_SHOWN]
        ],
    )


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
            _("Name"),
            _("In use"),
            _("Free"),
            _("Size"),
            _("File system"),
            _("Encrypted"),
            numbers=[3, 4],
        ),
        rows=[
            [
                visit.scope.show(volume, "mount_point") or NOTHING,
                visit.scope.show(volume, "name") or NOTHING,
                usage_bar(volume.usage, _("Share in use")),
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
    rows = Disk.objects.filter(device=device).select_related("device").order_by("name", "pk")
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
            for disk in rows[:ITEMS_SHOWN]
        ],
        empty=_("No disks were reported yet."),
    )


def _shown(device: Device, name: str, visit: Visit) -> str:
    return str(visit.scope.show(device, name)) if getattr(device, name) else ""


def _share(part: float | None, whole: float | None) -> float | None:
    return part / whole if part is not None and whole else None


def _megahertz(number: int | None) -> str:
    return f"{number_text(number)} MHz" if number else NOTHING


def _watt_hours(number: float | None) -> str:
    return f"{number_text(number, 1)} Wh" if number is not None else NOTHING
