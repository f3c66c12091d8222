"""The inventory of a laptop, as its collector reports it."""

import hashlib
import json
from typing import Any


def content_hash(content: dict[str, Any] | list[dict[str, Any]]) -> str:
    """Return the hash of a part: of its fields, or of its items in canonical order."""
    if isinstance(content, list):
        content = sorted(content, key=_canonical)
    return hashlib.sha256(_canonical(content).encode()).hexdigest()


def _canonical(content: object) -> str:
    return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def part(name: str, content: dict[str, Any] | list[dict[str, Any]]) -> dict[str, Any]:
    """Return the full report of one part."""
    member = "items" if isinstance(content, list) else "fields"
    return {"part": name, "hash": content_hash(content), "full": True, member: content}


HARDWARE: dict[str, Any] = {
    "type": "laptop",
    "manufacturer": "Dell Inc.",
    "model": "Latitude 7440",
    "product_line": "Latitude",
    "machine_serial_number": "SER-0815",
    "memory_bytes": 16 * 2**30,
    "firmware_version": "1.21.0",
    "tpm_version": "2.0",
    "secure_boot_enabled": True,
    "cpus": [
        {
            "name": "Intel Core i7-1365U",
            "frequency_mhz": 1_800,
            "number_of_cores": 10,
            "number_of_logical_processors": 12,
        }
    ],
    "gpus": [{"name": "Intel Iris Xe", "memory_bytes": 128 * 2**20, "driver_version": "24.2.8"}],
    "memory_modules": [
        {"slot": "DIMM A", "type": "LPDDR5", "size_bytes": 16 * 2**30, "speed_mhz": 4_800}
    ],
    "batteries": [
        {
            "name": "BAT0",
            "manufacturer": "BYD",
            "design_capacity": 57.0,
            "full_capacity": 45.6,
            "cycle_count": 312,
        }
    ],
}
OPERATING_SYSTEM = {
    "platform": "linux",
    "host_name": "ada-laptop",
    "membership_type": "none",
    "name": "Debian GNU/Linux 13 (trixie)",
    "version": "13.1",
    "build": "6.12.48+deb13-amd64",
    "architecture": "x64",
    "is_restart_pending": False,
}
DISKS: list[dict[str, Any]] = [
    {
        "name": "nvme0n1",
        "manufacturer": "Samsung",
        "model": "PM9A1",
        "type": "nvme",
        "size_bytes": 512 * 10**9,
        "health": "ok",
        "serial_number": "S64ANX0T",
    }
]
VOLUMES: list[dict[str, Any]] = [
    {
        "name": "nvme0n1p2",
        "mount_point": "/",
        "file_system": "ext4",
        "size_bytes": 120 * 2**30,
        "free_space_bytes": 8 * 2**30,
        "is_system": True,
        "is_encrypted": True,
    },
    {
        "name": "nvme0n1p3",
        "mount_point": "/home",
        "file_system": "ext4",
        "size_bytes": 340 * 2**30,
        "free_space_bytes": 190 * 2**30,
    },
]
MONITORS = [
    {
        "name": "U2723QE",
        "manufacturer": "Dell",
        "resolution": "3840x2160",
        "diagonal": 27.0,
        "serial_number": "MON-4711",
    }
]
NETWORK: list[dict[str, Any]] = [
    {
        "name": "wlp0s20f3",
        "type": "wifi",
        "speed_bps": 1_200_000_000,
        "is_up": True,
        "address": "192.168.17.42",
    },
    {"name": "docker0", "is_virtual": True, "is_up": False, "address": "172.17.0.1"},
]
SECURITY: dict[str, Any] = {
    "antiviruses": [
        {
            "name": "ClamAV",
            "version": "1.4.3",
            "is_up_to_date": "yes",
            "real_time_protection": "enabled",
        }
    ],
    "firewalls": [{"name": "nftables", "real_time_protection": "enabled"}],
    "user_account_control_status": "not_applicable",
}
LOCAL_ADMINS = [
    {"name": "CORP\\a.rossi", "type": "user"},
    {"name": "sudo", "type": "group"},
]
COLLECTOR = {"capabilities": ["gpu_usage.unsupported"], "local_restrictions": ["focus_time"]}
STICK = {
    "name": "ADA-STICK",
    "mount_point": "/media/a.rossi/ADA-STICK",
    "file_system": "vfat",
    "size_bytes": 16 * 2**30,
    "free_space_bytes": 2**30,
}
INVENTORY = [
    part("hardware", HARDWARE),
    part("operating_system", OPERATING_SYSTEM),
    part("disks", DISKS),
    part("volumes", VOLUMES),
    part("monitors", MONITORS),
    part("network", NETWORK),
    part("security", SECURITY),
    part("local_admins", LOCAL_ADMINS),
    part("collector", COLLECTOR),
]
