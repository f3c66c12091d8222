"""Hardware probe: maker, model, form factor, firmware, and the lists that belong to it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from dex_collector.inventory import Part
from dex_collector.probes.base import Context, Lack, NoData, Output, read_number, read_text
from dex_collector.probes.batteries_linux import read_batteries
from dex_collector.probes.cpus_linux import read_cpus
from dex_collector.probes.gpus_linux import read_gpus
from dex_collector.probes.memory_modules_linux import read_memory_modules

DMI = "sys/class/dmi/id"
SECURE_BOOT = "sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c"

# SMBIOS reference specification (DMTF DSP0134), 7.4.1: System enclosure or chassis types.
CHASSIS = {
    **dict.fromkeys((3, 4, 5, 6, 7, 13, 15, 16, 24, 35, 36), "desktop"),
    **dict.fromkeys((8, 9, 10, 11, 14, 30, 31, 32), "laptop"),
    **dict.fromkeys((17, 23, 25, 28, 29), "server"),
}
# What hypervisors write into SMBIOS. Source: systemd, src/basic/virt.c, table dmi_vendor_table.
HYPERVISORS = (
    "kvm", "openstack", "kubevirt", "amazon ec2", "qemu", "vmware", "vmw", "innotek gmbh",
    "virtualbox", "oracle corporation virtualbox", "xen", "bochs", "parallels", "bhyve", "hyper-v",
    "apple virtualization", "google compute engine", "virtual machine", "standard pc",
)  # fmt: skip
# Texts that makers leave in place of a value.
PLACEHOLDERS = {
    "", "0", "none", "n/a", "default string", "not specified", "not applicable", "unknown",
    "to be filled by o.e.m.", "system manufacturer", "system product name", "system version",
    "system serial number", "chassis serial number", "o.e.m.", "oem", "undefined", "invalid",
}  # fmt: skip

LISTS: dict[str, Callable[[Path], list[dict[str, Any]]]] = {
    "cpus": read_cpus,
    "gpus": read_gpus,
    "memory_modules": read_memory_modules,
    "batteries": read_batteries,
}


def read_hardware(context: Context) -> list[Output]:
    """Read the hardware part; what the machine does not tell is left out."""
    dmi = read_dmi(context.root)
    fields: dict[str, Any] = {
        "type": parse_type(
            dmi,
            cpuinfo=read_text(context.root / "proc/cpuinfo") or "",
            hypervisor=read_text(context.root / "sys/hypervisor/type"),
        ),
        "manufacturer": dmi.get("sys_vendor"),
        "model": dmi.get("product_name"),
        "product_line": dmi.get("product_family"),
        "product_version": dmi.get("product_version"),
        "firmware_version": dmi.get("bios_version"),
        "memory_bytes": parse_memory(read_text(context.root / "proc/meminfo") or ""),
        "tpm_version": read_tpm_version(context.root),
        "secure_boot_enabled": read_secure_boot(context.root),
    }
    if context.configuration.is_on("serial_numbers"):
        fields |= read_serial_numbers(context.root)
    lacks: list[Output] = []
    for name, read in LISTS.items():
        try:
            fields[name] = read(context.root)
        except NoData:
            lacks.append(Lack(f"{name}.unsupported"))
    return [Part("hardware", {name: v for name, v in fields.items() if v is not None}), *lacks]


def read_dmi(root: Path) -> dict[str, str]:
    """Read what SMBIOS says about the machine, without its serial numbers."""
    names = (
        "sys_vendor", "product_name", "product_family", "product_version", "bios_version",
        "chassis_type",
    )  # fmt: skip
    values = {name: parse_dmi_text(read_text(root / DMI / name)) for name in names}
    return {name: value for name, value in values.items() if value is not None}


def read_serial_numbers(root: Path) -> dict[str, str | None]:
    """Read the serial numbers, which root alone may; SMBIOS has none of the BIOS itself."""
    return {
        "chassis_serial_number": parse_dmi_text(read_text(root / DMI / "chassis_serial")),
        "machine_serial_number": parse_dmi_text(read_text(root / DMI / "product_serial")),
    }


def parse_dmi_text(text: str | None) -> str | None:
    """Return a text of SMBIOS, or None for one of the makers' placeholders."""
    return None if text is None or text.lower() in PLACEHOLDERS else text


def parse_type(dmi: dict[str, str], cpuinfo: str, hypervisor: str | None) -> str | None:
    """Return desktop, laptop, server, virtual, or None.

    SMBIOS comes first: a laptop may run under a hypervisor of its own.
    Source: proc_cpuinfo(5): the flag `hypervisor` is set in a guest.
    """
    named = " ".join(dmi.get(name, "") for name in ("sys_vendor", "product_name")).lower()
    if any(word in named for word in HYPERVISORS):
        return "virtual"
    chassis = dmi.get("chassis_type", "")
    if chassis.isdigit() and int(chassis) in CHASSIS:
        return CHASSIS[int(chassis)]
    flags = next((line for line in cpuinfo.splitlines() if line.startswith("flags")), "")
    is_guest = hypervisor is not None or "hypervisor" in flags.split()
    return "virtual" if is_guest else None


def parse_memory(meminfo: str) -> int | None:
    """Return the installed memory that the kernel may use, in bytes.

    Source: proc_meminfo(5), MemTotal: usable RAM in KiB.
    """
    for line in meminfo.splitlines():
        if line.startswith("MemTotal:"):
            return int(line.split()[1]) * 1024
    return None


def read_tpm_version(root: Path) -> str | None:
    """Read the version of the first TPM. Source: Linux, ABI/stable/sysfs-class-tpm."""
    major = read_number(root / "sys/class/tpm/tpm0/tpm_version_major")
    return {1: "1.2", 2: "2.0"}.get(major or 0)


def read_secure_boot(root: Path) -> bool | None:
    """Read whether UEFI checked signatures at boot; None without UEFI."""
    try:
        return parse_secure_boot((root / SECURE_BOOT).read_bytes())
    except OSError:
        return None


def parse_secure_boot(variable: bytes) -> bool | None:
    """Return the value of an EFI variable of one byte.

    Source: Linux, filesystems/efivarfs: 4 bytes of attributes come first. UEFI 2.10, 3.3.
    """
    return variable[4] == 1 if len(variable) == 5 else None
